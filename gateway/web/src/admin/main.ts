import { createApp } from 'vue'

import 'element-plus/dist/index.css'
import '../shared/base.css'
import '../shared/staff.css'
import '../unit/unit.css'
import './admin.css'
import AdminApp from './AdminApp.vue'

createApp(AdminApp).mount('#app')
