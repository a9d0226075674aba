// Encoder to eye: ffmpeg and GStreamer publish by RTMP, Chromium plays the page.
import test from 'node:test';
import { playTests } from './kit/play.mjs';

playTests(test, 15000);
