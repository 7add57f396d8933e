/**
 * Measures streams of 256 MiB through the gates, beside direct Node in the same run, and by how much the resident memory
 * of the process grows meanwhile. Usage: `node bench/streaming.ts [--json] [--mib=256]`.
 */
import process from 'node:process';
import { printResult, type Row } from './measurement.ts';
import { measureFsStreams } from './streaming-fs.ts';
import { measureHttpStreams } from './streaming-http.ts';

const given = process.argv.find((argument) => argument.startsWith('--mib='));
const bytes = Number(given?.slice('--mib='.length) ?? 256) * 1024 * 1024;

const rows: Row[] = [];
rows.push(...(await measureFsStreams(bytes)));
rows.push(...(await measureHttpStreams(bytes)));

printResult(
  'streaming',
  rows,
  'ratio: the share of direct throughput (p50); rss_growth_mib: the most that resident memory rose in a round',
);
