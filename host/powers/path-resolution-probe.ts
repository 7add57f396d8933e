import { parentPort } from 'node:worker_threads';
import { pathResolution } from './path-resolution.ts';

// A worker like a cell, which does not have the flags of the process: what is in force there can only be asked there.
parentPort?.postMessage(pathResolution());
