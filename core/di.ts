// The only file that touches tsyringe: the metadata polyfill has to be evaluated before it.
import 'reflect-metadata';
import { container, type DependencyContainer, Lifecycle, scoped } from 'tsyringe';

export { type DependencyContainer, type InjectionToken, inject } from 'tsyringe';

/** An empty container; nothing is ever registered in the root, so siblings share nothing. */
export const newContainer = (): DependencyContainer => container.createChildContainer();

/** Lets the container build a class; each plugin gets one instance of it. */
export const injectable = () => scoped(Lifecycle.ContainerScoped);
