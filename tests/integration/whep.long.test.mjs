// Fifty viewers for 20 s (whep.load.test.mjs is the short one).
import test from 'node:test';
import { whepLoadTests } from './whep-load.mjs';

whepLoadTests(test, 20);
