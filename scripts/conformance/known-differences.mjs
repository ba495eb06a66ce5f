// Cases whose verdict is not that of a configuration, with the reason for each.

const expectsException = 'the test of Envoy that this was taken from expects it to be refused';
const madeUpFilter = 'the filter exists only in the test of Envoy that this was taken from';

const differences = new Map([
  [
    'schematest-HTTP_CONN_NETWORK_FILTER_SCHEMA-Valid',
    'only the schema of this one object is meant, in which a route_config is any object',
  ],
  ['unit-cds_api_impl_test-CdsApiImplTest.Failure', expectsException],
  ['unit-lds_api_test-LdsApiTest.Failure', expectsException],
  ['unit-fault_filter_test-FaultFilterBadConfigTest.BadDelayDuration', expectsException],
  ['unit-fault_filter_test-FaultFilterBadConfigTest.BadDelayPercent', expectsException],
  ['unit-fault_filter_test-FaultFilterBadConfigTest.MissingDelayDuration', expectsException],
  ['unit-listener_manager_impl_test-ListenerManagerImplTest.RemoveListener.2', madeUpFilter],
  [
    'unit-listener_manager_impl_test-ListenerManagerImplWithRealFiltersTest.StatsScopeTest',
    madeUpFilter,
  ],
  ['unit-rds_impl_test-RdsImplTest.Basic.6', 'a text of the admin server, no configuration'],
]);

/** Why a case does not agree; `undefined` if nothing is known. */
export function describeKnownDifference(name) {
  return differences.get(name);
}
