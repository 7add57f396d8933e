/**
 * The SQL functions that statements may use: results depend on their arguments, on the clock or on chance, and on
 * nothing else of the host. Not among them: whatever loads code, looks into the build or the file, or belongs to a
 * virtual table's inside.
 */
const SERVED = `
  -> ->> abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling changes char coalesce concat concat_ws cos cosh
  count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor
  format glob group_concat hex if ifnull iif instr json json_array json_array_insert json_array_length
  json_error_position json_extract json_group_array json_group_object json_insert json_object json_patch json_pretty
  json_quote json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract
  jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set
  julianday lag last_insert_rowid last_value lead length like likelihood likely ln log log10 log2 lower ltrim max median
  min mod nth_value ntile nullif octet_length percent_rank percentile percentile_cont percentile_disc pi pow power
  printf quote radians raise random randomblob rank replace round row_number rtrim sign sin sinh soundex sqlite_version
  sqrt strftime string_agg substr substring subtype sum tan tanh time timediff total total_changes trim trunc typeof
  unhex unicode unistr unistr_quote unixepoch unlikely upper zeroblob`;

/** What `alter table` uses to rewrite the schema. */
const ALTERING = [
  'sqlite_rename_test',
  'sqlite_rename_quotefix',
  'sqlite_rename_table',
  'sqlite_rename_column',
  'sqlite_drop_column',
];

/** What FTS5 gives its own tables. */
const FULL_TEXT = ['match', 'bm25', 'highlight', 'snippet'];

const served: ReadonlySet<string> = new Set(SERVED.trim().split(/\s+/));
const altering: ReadonlySet<string> = new Set(ALTERING);
const fullText: ReadonlySet<string> = new Set(FULL_TEXT);

/** Whether a statement may call the function. */
export const isServedFunction = (name: string): boolean => served.has(name.toLowerCase());

/** Whether the engine itself calls the function while it alters a table. */
export const isAlteringFunction = (name: string): boolean => altering.has(name.toLowerCase());

/** Whether the function searches in full-text tables. */
export const isFullTextFunction = (name: string): boolean => fullText.has(name.toLowerCase());
