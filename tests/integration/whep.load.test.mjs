// Fifty viewers for 8 s (whep.long.test.mjs: for 20 s).
import test from 'node:test';
import { whepLoadTests } from './whep-load.mjs';

whepLoadTests(test, 8);
