import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `listener_manager.` of all listeners together: reference 8.4. */
export class ListenerManagerStats implements StatSource {
  listenerAdded = 0;
  listenerModified = 0;
  listenerRemoved = 0;
  listenerCreateSuccess = 0;
  listenerCreateFailure = 0;
  totalListenersWarming = 0;
  totalListenersActive = 0;
  totalListenersDraining = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<ListenerManagerStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<ListenerManagerStats>>[] = [
  ['listenerAdded', 'listener_added', 'counter'],
  ['listenerCreateFailure', 'listener_create_failure', 'counter'],
  ['listenerCreateSuccess', 'listener_create_success', 'counter'],
  ['listenerModified', 'listener_modified', 'counter'],
  ['listenerRemoved', 'listener_removed', 'counter'],
  ['totalListenersActive', 'total_listeners_active', 'gauge'],
  ['totalListenersDraining', 'total_listeners_draining', 'gauge'],
  ['totalListenersWarming', 'total_listeners_warming', 'gauge'],
];
