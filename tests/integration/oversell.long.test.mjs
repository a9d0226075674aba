// oversell.test.mjs with the thousand buyers that threat K1 speaks of.
process.env.JT_BUYERS ??= '1000';
await import('./oversell.test.mjs');
