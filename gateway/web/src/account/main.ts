import { createApp } from 'vue'

import 'element-plus/dist/index.css'
import '../shared/base.css'
import '../shared/staff.css'
import './account.css'
import AccountApp from './AccountApp.vue'

createApp(AccountApp).mount('#app')
