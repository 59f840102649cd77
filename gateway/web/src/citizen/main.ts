import { createApp } from 'vue'

import '../shared/base.css'
import './citizen.css'
import CitizenApp from './CitizenApp.vue'

createApp(CitizenApp).mount('#app')
