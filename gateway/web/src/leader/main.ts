import { createApp } from 'vue'

import 'element-plus/dist/index.css'
import '../shared/base.css'
import '../shared/staff.css'
import '../unit/unit.css'
import '../admin/admin.css'
import './leader.css'
import LeaderApp from './LeaderApp.vue'

createApp(LeaderApp).mount('#app')
