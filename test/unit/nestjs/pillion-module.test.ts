import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SidecarSource } from '../../../lib/integration/sidecar-source.js';
import {
  PillionModule,
  type PillionModuleAsyncOptions,
} from '../../../lib/nestjs/pillion-module.js';

const config = './envoy.json';
const useFactory = () => ({ config });

test('the module refuses what it could not heed', () => {
  for (const [options, message] of [
    [undefined, /^PillionModule is given nothing, expected options: forRoot\(/],
    [[], /^PillionModule is given an empty array, expected options/],
    [Promise.resolve({ config }), /^PillionModule is given .*, or \{ sidecar \}; await it first$/],
    [{ config, isGlobal: 'no' }, /^isGlobal is "no", expected true or false$/],
    [{ config, isGlobal: 0 }, /^isGlobal is 0, expected true or false$/],
    [{ config, isGlobal: null }, /^isGlobal is null, expected true or false$/],
  ] as const) {
    // Wrong on purpose.
    assert.throws(() => PillionModule.forRoot(options as unknown as SidecarSource), {
      code: 'SIDECAR_OPTION_INVALID',
      message,
    });
  }
});

test('so it does with a factory', () => {
  for (const [options, message] of [
    [null, /^PillionModule is given null, expected options: forRootAsync\(/],
    [{ useClass: class {} }, /^useFactory is nothing, expected a function: forRootAsync\(/],
    [{ useFactory, isGlobal: 'no' }, /^isGlobal is "no", expected true or false$/],
    [{ useFactory, imports: class {} }, /^imports is a function, expected an array$/],
    [{ useFactory, inject: 'CONFIG' }, /^inject is "CONFIG", expected an array$/],
    [
      { useFactory, import: [] },
      /^unknown option "import"; there are: imports, inject, useFactory, isGlobal; did you mean "imports"\?$/,
    ],
    [{ useFactory, config }, /^unknown option "config"; there are: imports/],
  ] as const) {
    // Wrong on purpose.
    const wrong = options as unknown as PillionModuleAsyncOptions;
    assert.throws(() => PillionModule.forRootAsync(wrong), {
      code: 'SIDECAR_OPTION_INVALID',
      message,
    });
  }
});
