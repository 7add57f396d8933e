/**
 * The library: a host for agents, in a program of one's own.
 *
 *     const host = await openHost({
 *       configuration: 'sallyport.yaml',
 *       workingDirectory: process.cwd(),
 *       functions: { 'orders/find': async ({ id }, { principal, signal }) => findOrder(id, principal.onBehalfOf, signal) },
 *     });
 *     const { status, output } = await host.run({ agent: 'triage', input: 'order 17' });
 *
 * `functions` are those that the configuration declares as tools of kind `function`: an agent may call one where a rule
 * for `tool:call` allows it, with the arguments that the call has. Each gets arguments that fit the schema of its tool.
 */
export * from '../host/index.ts';
