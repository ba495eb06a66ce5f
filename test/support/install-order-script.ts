/** What becomes of globals, in which order: one task for each test of test/integration/install-order.test.ts. */
import { strict as assert } from 'node:assert';
import http from 'node:http';
import type { Sidecar } from '../../lib/sidecar.js';
import {
  assertNotOurs,
  assertOurs,
  assertSame,
  byFetch,
  byGet,
  elsewhere,
  getGlobalDispatcher,
  getGlobalDispatchers,
  isOurs,
  readFetched,
  runTask,
  setGlobalDispatchers,
  snapshot,
  start,
} from './install-process.js';

type Dispatch = (options: object, handler: object) => boolean;
type AddRequest = (...args: unknown[]) => void;

const clients = [byFetch, byGet(), byGet({ agent: false })];
const currentPlace = Symbol.for('undici.globalDispatcher.2');

/** Fails unless calls by every client to `url` are as `isOurs` says. */
async function assertAll(isOurs: boolean, url?: string): Promise<void> {
  for (const client of clients) {
    await (isOurs ? assertOurs : assertNotOurs)(client, url);
  }
}

/** Notes the calls that pass, as a tool would that is put over whatever is there. */
class Overlay {
  calls = 0;
  readonly #agent = http.globalAgent;
  readonly #dispatcher = getGlobalDispatcher();
  readonly #dispatchers = getGlobalDispatchers();
  readonly #addRequest = Reflect.get(http.globalAgent, 'addRequest') as AddRequest;
  readonly dispatcher = {
    dispatch: (options: object, handler: object): boolean => {
      this.calls++;
      return this.#dispatcher.dispatch(options, handler);
    },
  };
  readonly addRequest: AddRequest = (...args) => {
    this.calls++;
    this.#addRequest.apply(this.#agent, args);
  };

  put(): void {
    setGlobalDispatchers([this.dispatcher, this.dispatcher]);
    Reflect.set(this.#agent, 'addRequest', this.addRequest);
  }

  remove(): void {
    setGlobalDispatchers(this.#dispatchers);
    Reflect.set(this.#agent, 'addRequest', this.#addRequest);
  }

  assertThere(): void {
    assert.equal(getGlobalDispatcher(), this.dispatcher);
    assert.equal(Reflect.get(http.globalAgent, 'addRequest'), this.addRequest);
  }
}

class PrivateDispatcher {
  #count = 0;

  dispatch(): boolean {
    return true;
  }

  count(): number {
    this.#count++;
    return this.#count;
  }
}

const tasks: Record<string, () => Promise<void>> = {
  async 'given back'() {
    const before = snapshot();
    const sidecar = await start('app');
    assertSame(snapshot(), before);
    const restore = sidecar.install();
    await assertAll(true);
    assert.throws(() => assertSame(snapshot(), before));
    restore();
    assertSame(snapshot(), before);
    await assertAll(false);
    const restoreAgain = sidecar.install();
    await assertAll(true);
    restoreAgain();
    assertSame(snapshot(), before);
  },

  async twice() {
    const before = snapshot();
    const sidecar = await start('app');
    const restore = sidecar.install();
    const during = snapshot();
    const restoreToo = sidecar.install();
    assertSame(snapshot(), during);
    restore();
    restore();
    assertSame(snapshot(), during);
    await assertAll(true);
    restoreToo();
    assertSame(snapshot(), before);
    await assertAll(false);
  },

  async 'two sidecars'() {
    const before = snapshot();
    const a = await start('a', 'both');
    const b = await start('b', 'both');
    for (const sidecars of [
      [a, b],
      [b, a],
    ]) {
      for (const first of [0, 1]) {
        const restores = sidecars.map((sidecar) => sidecar.install());
        await assertAll(true, 'http://a/');
        await assertAll(true, 'http://b/');
        await assertAll(true, 'http://both/');
        restores[first]?.();
        const isLeft = sidecars[1 - first];
        await assertAll(isLeft === a, 'http://a/');
        await assertAll(isLeft === b, 'http://b/');
        await assertAll(true, 'http://both/');
        restores[1 - first]?.();
        assertSame(snapshot(), before);
      }
    }
  },

  async 'last one first'() {
    const count = async (sidecar: Sidecar): Promise<string> => {
      const response = await fetch(`${sidecar.admin?.address.replace('tcp:', 'http:')}/stats`);
      return /^cluster\.both\.upstream_rq_total: (\d+)$/m.exec(await response.text())?.[1] ?? '0';
    };
    const a = await start('both');
    const b = await start('both');
    a.install();
    const restore = b.install();
    await assertAll(true, 'http://both/');
    assert.deepEqual([await count(a), await count(b)], ['0', '3']);
    restore();
    await assertAll(true, 'http://both/');
    assert.deepEqual([await count(a), await count(b)], ['3', '3']);
  },

  async covered() {
    const before = snapshot();
    const sidecar = await start('app');
    const other = await start('other');
    const restore = sidecar.install();
    const overlay = new Overlay();
    overlay.put();
    await assertAll(true);
    // One call is by an agent made for it.
    assert.equal(overlay.calls, 2);
    restore();
    overlay.assertThere();
    await assertAll(false);
    assert.equal(isOurs(await byFetch(elsewhere)), false);
    assert.equal(isOurs(await byGet()(elsewhere)), false);
    assert.equal(overlay.calls, 6);
    const restoreOver = sidecar.install();
    await assertAll(true);
    assert.equal(overlay.calls, 6);
    restoreOver();
    overlay.assertThere();
    overlay.remove();
    // What had to stay behind is found by the next one, and goes.
    await assertAll(false);
    other.install()();
    assertSame(snapshot(), before);
    http.globalAgent.destroy();
  },

  async 'wrapped in place'() {
    const sidecar = await start('app');
    let calls = 0;
    const wrap = (define: (target: object, value: Dispatch) => void): void => {
      const target = getGlobalDispatcher();
      const original: Dispatch = target.dispatch;
      define(target, (options, handler) => {
        calls++;
        return original.call(target, options, handler);
      });
    };
    const restore = sidecar.install();
    wrap((target, value) => Reflect.set(target, 'dispatch', value));
    wrap((target, value) => {
      Object.defineProperty(target, 'dispatch', { value, writable: true, configurable: true });
    });
    await assertOurs(byFetch);
    assert.equal(isOurs(await byFetch(elsewhere)), false);
    assert.equal(calls, 4);
    restore();
    await assertNotOurs(byFetch);
    assert.equal(isOurs(await byFetch(elsewhere)), false);
    assert.equal(calls, 8);
  },

  async replaced() {
    const sidecar = await start('app');
    const old = http.globalAgent;
    const restore = sidecar.install();
    const replacement = new http.Agent();
    http.globalAgent = replacement;
    await assertNotOurs(byGet());
    await assertOurs(byGet({ agent: old }));
    const restoreToo = sidecar.install();
    await assertOurs(byGet());
    restore();
    restoreToo();
    assert.equal(http.globalAgent, replacement);
    await assertNotOurs(byGet());
    for (const agent of [old, replacement]) {
      assert.equal(Object.hasOwn(agent, 'addRequest'), false);
      assert.equal(Object.hasOwn(agent, 'constructor'), false);
    }
  },

  async closed() {
    const before = snapshot();
    const sidecar = await start('app');
    const restore = sidecar.install();
    const dispatcher = getGlobalDispatcher();
    sidecar.install();
    await assertAll(true);
    await sidecar.close();
    assertSame(snapshot(), before);
    await assertAll(false);
    // Who has kept what was there meanwhile is served as without it.
    await assertNotOurs((url) => readFetched(fetch(url, { dispatcher } as RequestInit)));
    restore();
    assertSame(snapshot(), before);
    assert.throws(() => sidecar.install(), { code: 'SIDECAR_CLOSED' });
    assertSame(snapshot(), before);
  },

  async 'under way'() {
    const sidecar = await start('app');
    const restore = sidecar.install();
    const received = Promise.all(clients.map((client) => client('http://app/')));
    restore();
    assert.deepEqual((await received).map(isOurs), [true, true, true]);
  },

  async unchangeable() {
    const sidecar = await start('app');
    const makeUnchangeable = [
      () => Object.defineProperty(http.globalAgent, 'constructor', { value: http.Agent }),
      () => Object.freeze(http.globalAgent),
    ];
    for (const make of makeUnchangeable) {
      make();
      const before = snapshot();
      assert.throws(() => sidecar.install(), TypeError);
      assertSame(snapshot(), before);
    }
    await assertNotOurs(byFetch);
  },

  async 'as the one before'() {
    const before = getGlobalDispatcher();
    const sidecar = await start('app');
    const restore = sidecar.install();
    const covering = getGlobalDispatchers();
    const during = getGlobalDispatcher();
    assert.notEqual(during, before);
    assert.equal(during.constructor, before.constructor);
    assert.ok(during instanceof before.constructor);
    assert.ok('close' in during && 'destroy' in during);
    const places = Object.getOwnPropertyDescriptor(
      globalThis,
      Symbol.for('undici.globalDispatcher.1'),
    );
    assert.deepEqual(
      { ...places, value: undefined },
      { value: undefined, writable: true, enumerable: false, configurable: false },
    );
    // Methods find what only the object itself has.
    const own = new PrivateDispatcher();
    setGlobalDispatchers([own, own]);
    const giveBack = sidecar.install();
    assert.notEqual(getGlobalDispatcher(), own);
    assert.equal((getGlobalDispatcher() as PrivateDispatcher).count(), 1);
    assert.equal(own.count(), 2);
    giveBack();
    setGlobalDispatchers(covering);
    // Closing it closes that.
    await (during as unknown as { destroy(): Promise<void> }).destroy();
    await assertOurs(byFetch);
    restore();
    await assert.rejects(fetch(elsewhere), (error: Error) => {
      assert.equal((error.cause as { code?: string }).code, 'UND_ERR_DESTROYED');
      return true;
    });
  },

  async 'undici loaded late'() {
    const before = snapshot();
    const builtIn = getGlobalDispatcher();
    const sidecar = await start('app');
    const restore = sidecar.install();
    assert.equal(Reflect.get(globalThis, currentPlace), undefined);
    restore();
    assertSame(snapshot(), before);
    const other = await start('other');
    const restores = [sidecar.install(), other.install()];
    // As undici 8 does when it is loaded: it looks whether it is the first, and fills both places.
    let calls = 0;
    const own = {
      dispatch: (options: object, handler: object): boolean => {
        calls++;
        return builtIn.dispatch(options, handler);
      },
    };
    assert.equal(Reflect.get(globalThis, currentPlace), undefined);
    for (const place of [currentPlace, Symbol.for('undici.globalDispatcher.1')]) {
      const descriptor = { value: own, writable: true, enumerable: false, configurable: false };
      Object.defineProperty(globalThis, place, descriptor);
    }
    await Promise.resolve();
    await assertOurs(byFetch);
    await assertOurs(byFetch, 'http://other/');
    assert.equal(calls, 0);
    assert.equal(isOurs(await byFetch(elsewhere)), false);
    assert.equal(calls, 1);
    assert.notEqual(Reflect.get(globalThis, currentPlace), own);
    for (const giveBack of restores) {
      giveBack();
    }
    assert.equal(Reflect.get(globalThis, currentPlace), own);
    assert.equal(getGlobalDispatcher(), own);
  },

  async 'assigned late'() {
    const sidecar = await start('app');
    const restore = sidecar.install();
    const own = { dispatch: () => true };
    Reflect.set(globalThis, currentPlace, own);
    const expected = { value: own, writable: true, enumerable: true, configurable: true };
    assert.deepEqual(Object.getOwnPropertyDescriptor(globalThis, currentPlace), expected);
    restore();
    assert.deepEqual(Object.getOwnPropertyDescriptor(globalThis, currentPlace), expected);
  },
};

await runTask(tasks);
