import { createApp } from 'vue'

import 'element-plus/dist/index.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import '../shared/base.css'
import '../shared/staff.css'
import './seat.css'
import SeatApp from './SeatApp.vue'
import { showTheme } from './theme'

showTheme()

createApp(SeatApp).mount('#app')
