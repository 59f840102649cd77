import { createApp } from 'vue'

import '../shared/base.css'
import '../shared/public.css'
import './citizen.css'
import { newMessageId } from '../shared/outbox'
import CitizenApp from './CitizenApp.vue'
import { openStore } from './kept'
import { takeLinked } from './linked'

void openStore(newMessageId()).then((store) => {
  takeLinked(location, history, store)
  createApp(CitizenApp, { store }).mount('#app')
})
