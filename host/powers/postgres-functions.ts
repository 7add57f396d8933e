/**
 * The functions that statements may call: results depend on arguments, the clock or chance, and on nothing else of the
 * server. Not among them: whatever sleeps, locks, notifies, changes settings, reads files, leads to another server, looks
 * into the catalogue, or runs a text as SQL (`query_to_xml`).
 */
const FUNCTIONS = `
  abs acos acosd acosh age any_value array_agg array_append array_cat array_dims array_fill array_length array_lower
  array_ndims array_position array_positions array_prepend array_remove array_replace array_reverse array_sample
  array_shuffle array_sort array_to_json array_to_string array_to_tsvector array_upper ascii asin asind asinh atan atan2
  atan2d atand atanh avg bit_and bit_count bit_length bit_or bit_xor bool_and bool_or btrim cardinality cbrt
  ceil ceiling char_length character_length chr clock_timestamp coalesce concat concat_ws convert convert_from convert_to
  corr cos cosd cosh cot cotd count covar_pop covar_samp crc32 crc32c cume_dist date daterange date_add date_bin date_part
  date_subtract date_trunc decode degrees dense_rank div encode erf erfc every exp extract factorial family first_value
  float4 float8 floor format gamma gcd gen_random_uuid generate_series generate_subscripts get_bit get_byte
  hashtext host hostmask inet_merge initcap int2 int4 int4range int8 int8range is_normalized isempty isfinite json_agg
  json_agg_strict json_array_elements json_array_elements_text json_array_length json_build_array json_build_object
  json_each json_each_text json_extract_path json_extract_path_text json_object json_object_agg json_object_keys
  json_strip_nulls json_typeof jsonb_agg jsonb_agg_strict jsonb_array_elements jsonb_array_elements_text
  jsonb_array_length jsonb_build_array jsonb_build_object jsonb_concat jsonb_delete jsonb_each jsonb_each_text
  jsonb_exists jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys
  jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set
  jsonb_set_lax jsonb_strip_nulls jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead left
  length lgamma like_escape ln log log10 lower lower_inc lower_inf lpad ltrim make_date make_interval make_time
  make_timestamp make_timestamptz masklen max md5 min min_scale mod mode multirange netmask network normalize now nth_value
  ntile num_nonnulls num_nulls numeric numrange octet_length overlay parse_ident percent_rank percentile_cont
  percentile_disc phraseto_tsquery pi plainto_tsquery position power quote_ident quote_literal quote_nullable radians
  random random_normal range_agg range_intersect_agg range_merge rank regexp_count regexp_instr regexp_like regexp_match
  regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count
  regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right round row_number row_to_json
  rpad rtrim scale set_bit set_byte set_masklen setweight sha224 sha256 sha384 sha512 sign similar_to_escape sin
  sind sinh split_part sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array
  string_to_table strip strpos substr substring sum tan tand tanh text timezone to_ascii to_char to_date to_hex to_json
  to_jsonb to_number to_timestamp to_tsquery to_tsvector transaction_timestamp translate trim_array trim_scale trunc
  ts_headline ts_rank ts_rank_cd tsrange tstzrange tsvector_to_array uuid_extract_timestamp uuid_extract_version uuidv4
  uuidv7 unistr unnest upper upper_inc upper_inf var_pop var_samp variance websearch_to_tsquery width_bucket
`;

/** The types that a value may be cast to: none of them names an object of the catalogue. */
const TYPES = `
  int2 int4 int8 smallint integer bigint numeric decimal float4 float8 real text varchar bpchar char name bytea bool
  boolean date time timetz timestamp timestamptz interval uuid json jsonb jsonpath inet cidr macaddr macaddr8 bit varbit
  money point line lseg box path polygon circle int4range int8range numrange tsrange tstzrange daterange int4multirange
  int8multirange nummultirange tsmultirange tstzmultirange datemultirange tsvector tsquery oid`;

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));
const functions = words(FUNCTIONS);
const types = words(TYPES);

/** Columns of the functions that return more than one; the others return one, named like themselves. */
const RESULT_COLUMNS: ReadonlyMap<string, readonly string[]> = new Map([
  ...['json_each', 'json_each_text', 'jsonb_each', 'jsonb_each_text'].map((name): [string, readonly string[]] => [
    name,
    ['key', 'value'],
  ]),
  ...['json_array_elements', 'json_array_elements_text', 'jsonb_array_elements', 'jsonb_array_elements_text'].map(
    (name): [string, readonly string[]] => [name, ['value']],
  ),
]);

/** The name of a built-in, from a name with or without its schema; `undefined` for one of another schema. */
function builtIn(names: readonly string[]): string | undefined {
  const [first, second, ...more] = names;
  if (more.length > 0) return undefined;
  return second === undefined ? first : first === 'pg_catalog' ? second : undefined;
}

/** The function's own name if statements may call it. */
export function servedFunction(names: readonly string[]): string | undefined {
  const name = builtIn(names);
  return name !== undefined && functions.has(name) ? name : undefined;
}

/** Whether statements may cast to the type. */
export function isServedType(names: readonly string[]): boolean {
  const name = builtIn(names);
  return name !== undefined && types.has(name);
}

/** The operator's own name; `undefined` for one of another schema. */
export const servedOperator = builtIn;

export const resultColumnsOf = (name: string): readonly string[] => RESULT_COLUMNS.get(name) ?? [name];
