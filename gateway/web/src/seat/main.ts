import { createApp } from 'vue'

import 'element-plus/dist/index.css'
import '../shared/base.css'
import '../shared/staff.css'
import './seat.css'
import SeatApp from './SeatApp.vue'

createApp(SeatApp).mount('#app')
