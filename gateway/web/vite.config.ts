import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { build, type Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** A widget for other sites' pages: one plain script without imports, so it is a build of its own, after the pages. */
const widget = (file: string, name: string): Plugin => ({
  name: `hotline-widget-${file}`,
  apply: 'build',
  async closeBundle() {
    await build({
      configFile: false,
      root: page('.'),
      logLevel: 'warn',
      build: {
        outDir: 'dist/widget',
        emptyOutDir: false,
        target: 'es2020',
        lib: { entry: page(`src/widget/${file}.ts`), name, formats: ['iife'], fileName: () => `${file}.js` },
      },
    })
  },
})

export default defineConfig({
  plugins: [vue(), widget('knowledge', 'hotlineKnowledge'), widget('chat', 'hotlineChat')],
  build: {
    outDir: 'dist',
    target: 'es2020',
    rollupOptions: { input: { index: page('index.html'), seat: page('seat.html'), unit: page('unit.html'), admin: page('admin.html'), leader: page('leader.html'), account: page('account.html'), knowledge: page('knowledge.html') } },
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:8345',
      '/ws': { target: 'ws://127.0.0.1:8345', ws: true },
    },
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'] },
})
