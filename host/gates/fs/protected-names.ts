import type { Protection } from '../../contracts/request.ts';

/** The names of a mount that no policy, or only an exact rule, opens. Plain data. */
export interface ProtectedNames {
  /** Programs that Git runs: hooks, and the files that point to them. */
  readonly gitHooks: boolean;
  /** Start-up files of shells and sessions, and `.ssh`. */
  readonly startUpFiles: boolean;
  /** `.env` and its kin, and `.ssh`: not even read without a rule that names it. */
  readonly secrets: boolean;
  /** Further names that are never changed, lower case: `makefile`, `deploy/keys`. */
  readonly never: readonly string[];
  /** Further names that only an exact rule opens. */
  readonly unlessNamed: readonly string[];
}

/** What holds where the configuration says nothing. */
export const DEFAULT_PROTECTED_NAMES: ProtectedNames = {
  gitHooks: true,
  startUpFiles: true,
  secrets: true,
  never: [],
  unlessNamed: [],
};

/** Start-up files: who writes them runs programs as the operator, later. */
const START_UP_FILES: ReadonlySet<string> = new Set(
  (
    '.profile .login .logout .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .zshrc .zshenv .zprofile ' +
    '.zlogin .zlogout .cshrc .tcshrc .kshrc .mkshrc .shrc .envrc .inputrc .xprofile .xinitrc .xsession .xsessionrc ' +
    '.pam_environment .gitconfig config.fish'
  ).split(' '),
);
const CHANGES: ReadonlySet<string> = new Set(['fs:write', 'fs:create', 'fs:remove', 'fs:rename']);

/** How the host protects a path whatever the policy says. Names are compared without regard to ASCII case. */
export function protectionOf(path: string, action: string, protectedNames: ProtectedNames): Protection | undefined {
  const { gitHooks, startUpFiles, secrets, never, unlessNamed } = protectedNames;
  const plain = never.length === 0 && unlessNamed.length === 0;
  // Every built-in name but one begins with a dot: the usual path pays for two searches.
  if (plain && !path.includes('/.') && !/config\.fish$/i.test(path)) return undefined;
  const lower = path.toLowerCase();
  const names = lower.split('/').slice(1);
  if (CHANGES.has(action)) {
    if (gitHooks && isGitProgram(names, action)) return 'always';
    if (startUpFiles && (START_UP_FILES.has(names.at(-1) ?? '') || names.includes('.ssh'))) return 'always';
    if (never.some((name) => holds(lower, name))) return 'always';
  }
  const secret = secrets && names.some((name) => name === '.env' || name.startsWith('.env.') || name === '.ssh');
  return secret || unlessNamed.some((name) => holds(lower, name)) ? 'unless-named' : undefined;
}

function isGitProgram(names: readonly string[], action: string): boolean {
  const git = names.indexOf('.git');
  if (git < 0) return false;
  // A file `.git` points to another repository, whose hooks then run; its `config` can name programs.
  if (git === names.length - 1) return action !== 'fs:create';
  const leaf = names.at(-1) ?? '';
  return names.includes('hooks', git + 1) || leaf === 'config' || leaf === 'config.worktree';
}

/**
 * Whether a link at this path would give what is protected, or is to be, another name: what stands after it is written
 * where it leads to. So neither the name itself nor a beginning of it may be a link, and nothing in `.git`.
 */
export function isProtectedLink(path: string, protectedNames: ProtectedNames): boolean {
  if (protectionOf(path, 'fs:write', protectedNames) !== undefined) return true;
  const { gitHooks, never, unlessNamed } = protectedNames;
  const lower = path.toLowerCase();
  if (gitHooks && holds(lower, '.git')) return true;
  return [...never, ...unlessNamed].some((name) => beginningsOf(name).some((beginning) => lower.endsWith(beginning)));
}

/** `/a` and `/a/b` of `a/b/c`. */
function beginningsOf(name: string): readonly string[] {
  const names = name.split('/');
  return names.slice(1).map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}

/** Whether a path has these names in a row, wherever they stand. */
const holds = (path: string, names: string): boolean => `${path}/`.includes(`/${names}/`);
