// Copies the browser builds of the pages' modules into vendor/, where the import maps point.
import { copyFileSync, mkdirSync } from 'node:fs';

const modules = {
  'preact.mjs': 'preact/dist/preact.mjs',
  'preact-hooks.mjs': 'preact/hooks/dist/hooks.mjs',
  'htm-preact.mjs': 'htm/preact/index.mjs',
  'htm.mjs': 'htm/dist/htm.mjs',
};

mkdirSync(new URL('vendor/', import.meta.url), { recursive: true });
for (const [name, path] of Object.entries(modules)) {
  copyFileSync(new URL(`node_modules/${path}`, import.meta.url), new URL(`vendor/${name}`, import.meta.url));
}
