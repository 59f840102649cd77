import { createApp } from 'vue'

import '../shared/base.css'
import '../shared/public.css'
import './citizen.css'
import CitizenApp from './CitizenApp.vue'

createApp(CitizenApp).mount('#app')
