import { createApp } from 'vue'

import '../shared/base.css'
import '../shared/public.css'
import './knowledge.css'
import KnowledgeApp from './KnowledgeApp.vue'

createApp(KnowledgeApp).mount('#app')
