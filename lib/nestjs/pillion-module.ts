import { describeValue } from '../config/describe-value.js';
import { checkOptionNames, optionInvalid } from '../config/option-check.js';
import type { ContextMiddleware } from '../egress/inbound-context.js';
import {
  type HeldSidecar,
  openSidecar,
  type SidecarSource,
} from '../integration/sidecar-source.js';
import { Sidecar } from '../sidecar.js';

/** A class, as Nest takes them for tokens and modules. */
type Type<T> = abstract new (...parameters: never[]) => T;

/** A token that something is provided under. */
type Token = string | symbol | Type<unknown>;

/** What is injected, and whether it may be missing. */
type Dependency = Token | { readonly token: Token; readonly optional: boolean };

/** What `forRoot` and `forRootAsync` take besides. */
export interface PillionModuleExtras {
  /** Whether all modules may have the sidecar injected, without importing this one. Default true. */
  readonly isGlobal?: boolean;
}

/** Options of `forRootAsync`. */
export interface PillionModuleAsyncOptions extends PillionModuleExtras {
  /** Modules that provide what is injected. */
  readonly imports?: readonly unknown[];
  /** What the factory is called with. */
  readonly inject?: readonly Dependency[];
  /** Gets what is injected, and returns the options of the sidecar, or `{ sidecar }`. */
  readonly useFactory: (...injected: never[]) => SidecarSource | Promise<SidecarSource>;
}

/** A dynamic module of Nest, as `imports` takes it. */
export interface NestDynamicModule {
  readonly module: typeof PillionModule;
  readonly global: boolean;
  // Modules of whatever kind, which only Nest can tell.
  imports: never[];
  providers: NestProvider[];
  exports: Type<unknown>[];
}

/** A provider of a dynamic module. */
export interface NestProvider {
  readonly provide: Type<unknown>;
  readonly inject: Dependency[];
  readonly useFactory: (...injected: never[]) => unknown;
}

/** What Nest gives a module to apply middleware with: as much of it as is used. */
export interface NestMiddlewareConsumer {
  apply(middleware: ContextMiddleware): { forRoutes(path: string): unknown };
}

/** Token of what the module itself holds. Abstract: Nest is not to make one. */
abstract class HeldSidecarToken {}

/**
 * A module of NestJS that starts a sidecar, and closes it when the application has shut down:
 *
 * ```ts
 * @Module({ imports: [PillionModule.forRoot({ config: './envoy.json' })] })
 * ```
 *
 * Classes have it injected by its type: `constructor(private readonly sidecar: Sidecar)`, with
 * `Sidecar` from `pillion/nestjs`. The calls of controllers and what they use are made on behalf of
 * the request that is served: with its ids, its trace and its deadline.
 */
export class PillionModule {
  readonly #held: HeldSidecar;

  /** For Nest only. */
  constructor(held: HeldSidecar) {
    this.#held = held;
  }

  /** With the options of `createSidecar`, or `{ sidecar }`, which the module does not close. */
  static forRoot(options: SidecarSource & PillionModuleExtras): NestDynamicModule {
    checkObject(options, 'forRoot({ config: "./envoy.json" })');
    const { isGlobal, ...source } = options;
    // A rest loses the union of what it was taken from.
    return createModule({
      ...(isGlobal === undefined ? {} : { isGlobal }),
      useFactory: () => source as SidecarSource,
    });
  }

  /** With options that a factory makes, of what Nest injects: a `ConfigService`, say. */
  static forRootAsync(options: PillionModuleAsyncOptions): NestDynamicModule {
    const example = 'forRootAsync({ useFactory: () => ({ config: "./envoy.json" }) })';
    checkObject(options, example);
    if (typeof options.useFactory !== 'function') {
      const found = describeValue(options.useFactory);
      throw optionInvalid(`useFactory is ${found}, expected a function: ${example}`);
    }
    checkAsyncOptions(options);
    return createModule(options);
  }

  /** For Nest only: the calls behind the middleware are made on behalf of the request. */
  configure(consumer: NestMiddlewareConsumer): void {
    // Not '*', of which Nest warns when the application has a global prefix.
    consumer.apply(this.#held.sidecar.contextMiddleware()).forRoutes('{*path}');
  }

  /** For Nest only, which has closed its own server by then. */
  async onApplicationShutdown(): Promise<void> {
    await this.#held.close();
  }
}

/** Throws unless they are options: a sidecar, or the promise of one, is the common mistake. */
function checkObject(options: unknown, example: string): void {
  if (
    typeof options !== 'object' ||
    options === null ||
    Array.isArray(options) ||
    options instanceof Promise ||
    options instanceof Sidecar
  ) {
    const found = describeValue(options);
    const hint = options instanceof Promise ? '; await it first' : '';
    throw optionInvalid(
      `PillionModule is given ${found}, expected options: ${example}, or { sidecar }${hint}`,
    );
  }
}

const asyncOptions: readonly (keyof PillionModuleAsyncOptions)[] = [
  'imports',
  'inject',
  'useFactory',
  'isGlobal',
];

/** Throws for what Nest would take for something else, or leave out. */
function checkAsyncOptions(options: PillionModuleAsyncOptions): void {
  checkOptionNames(options, asyncOptions);
  for (const name of ['imports', 'inject'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && !Array.isArray(value)) {
      throw optionInvalid(`${name} is ${describeValue(value)}, expected an array`);
    }
  }
}

function createModule(options: PillionModuleAsyncOptions): NestDynamicModule {
  const { isGlobal = true, imports = [], inject = [], useFactory } = options;
  if (typeof isGlobal !== 'boolean') {
    throw optionInvalid(`isGlobal is ${describeValue(isGlobal)}, expected true or false`);
  }
  tellDependencies(PillionModule, [HeldSidecarToken]);
  return {
    module: PillionModule,
    global: isGlobal,
    // It takes what Nest takes.
    imports: [...imports] as never[],
    providers: [
      {
        provide: HeldSidecarToken,
        inject: [...inject],
        useFactory: async (...injected) => openSidecar(await useFactory(...injected)),
      },
      {
        provide: Sidecar,
        inject: [HeldSidecarToken],
        useFactory: ({ sidecar }: HeldSidecar) => sidecar,
      },
    ],
    exports: [Sidecar],
  };
}

/** What a compiler would say for a class with decorators, of which Nest would have to be at hand. */
function tellDependencies(type: Type<unknown>, dependencies: readonly Token[]): void {
  // Of the package reflect-metadata, which every application of Nest loads first.
  const { defineMetadata } = Reflect as {
    defineMetadata?: (key: string, value: unknown, target: object) => void;
  };
  if (defineMetadata === undefined) {
    throw optionInvalid(
      'PillionModule needs "reflect-metadata"; import it first, as Nest asks for',
    );
  }
  defineMetadata('design:paramtypes', dependencies, type);
}
