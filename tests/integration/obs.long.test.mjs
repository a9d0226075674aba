// OBS Studio itself publishes: driven by its configuration files, under a virtual display. Part of `scripts/test long`; skipped
// where OBS is not installed (packages obs-studio obs-plugins libgl1-mesa-dri xvfb).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { Program, atEnd, folder, makeSite, startService, startViewers } from './harness/index.mjs';

const hasObs = spawnSync('sh', ['-c', 'command -v obs && command -v Xvfb']).status === 0;

async function configure(home, url, key) {
    const base = path.join(home, '.config/obs-studio');
    const profile = path.join(base, 'basic/profiles/P');
    await mkdir(profile, { recursive: true });
    await mkdir(path.join(base, 'basic/scenes'), { recursive: true });
    await writeFile(
        path.join(base, 'global.ini'),
        '[General]\nFirstRun=true\nEnableAutoUpdates=false\nInfoIncrement=9999\n' +
            '[Basic]\nProfile=P\nProfileDir=P\nSceneCollection=S\nSceneCollectionFile=S\n',
    );
    await writeFile(
        path.join(profile, 'basic.ini'),
        '[General]\nName=P\n[Output]\nMode=Simple\n[SimpleOutput]\nVBitrate=800\nABitrate=96\nStreamEncoder=x264\n' +
            'UseAdvanced=true\nPreset=ultrafast\nx264Settings=keyint=30 bframes=0\n' +
            '[Video]\nBaseCX=640\nBaseCY=360\nOutputCX=640\nOutputCY=360\nFPSType=1\nFPSInt=15\n[Audio]\nSampleRate=48000\n',
    );
    await writeFile(
        path.join(profile, 'service.json'),
        JSON.stringify({ type: 'rtmp_custom', settings: { server: url, key, use_auth: false } }),
    );
    await writeFile(
        path.join(base, 'basic/scenes/S.json'),
        JSON.stringify({
            name: 'S',
            current_scene: 'Scene',
            current_program_scene: 'Scene',
            scene_order: [{ name: 'Scene' }],
            sources: [{ id: 'scene', name: 'Scene', settings: { items: [] } }],
        }),
    );
}

test('OBS Studio goes live and is watched', { skip: !hasObs && 'obs-studio is not installed', timeout: 180000 }, async (t) => {
    const site = await makeSite(t);
    const ingest = await startService(t, 'ingest', { site, flags: { 'auth.publish': 'open' } });
    const relay = await startService(t, 'relay', { site });
    const home = await folder(t);
    await configure(home, `rtmp://127.0.0.1:${site.ports.rtmp}/live`, 'obs');

    const number = 70 + (process.pid % 20);
    const screen = new Program('Xvfb', 'Xvfb', [`:${number}`, '-screen', '0', '1280x800x24', '-nolisten', 'tcp']);
    atEnd(t, () => screen.stop('SIGKILL'));
    const flags = ['--startstreaming', '--profile', 'P', '--collection', 'S', '--multi', '--disable-updater'];
    const env = { ...process.env, HOME: home, DISPLAY: `:${number}`, LIBGL_ALWAYS_SOFTWARE: '1', QT_QPA_PLATFORM: 'xcb' };
    const obs = new Program('obs', 'obs', [...flags, '--disable-missing-files-check'], { env });
    atEnd(t, () => obs.stop('SIGKILL'));

    await ingest.untilMetric('jangteo_ingest_frames_total', { kind: 'video' }, (n) => n > 30, { timeoutMs: 90000 });
    await ingest.untilMetric('jangteo_ingest_frames_total', { kind: 'audio' }, (n) => n > 30, { timeoutMs: 30000 });
    const report = await startViewers(t, relay.http, 'obs', { viewers: 2, seconds: 8 }).result(60000);
    assert.equal(report.with_key, 2);
    assert.equal(report.broken_frames, 0);
    assert.equal(report.lost, 0);
    assert.ok(report.frames > 60, `${report.frames} frames`); // software OpenGL on shared cores: any steady picture will do
});
