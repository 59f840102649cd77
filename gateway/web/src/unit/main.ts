import { createApp } from 'vue'

import 'element-plus/dist/index.css'
import '../shared/base.css'
import '../shared/staff.css'
import './unit.css'
import UnitApp from './UnitApp.vue'

createApp(UnitApp).mount('#app')
