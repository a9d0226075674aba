// Encoder to eye, for a minute each (play.test.mjs is the short one).
import test from 'node:test';
import { playTests } from './kit/play.mjs';

playTests(test, 60000);
