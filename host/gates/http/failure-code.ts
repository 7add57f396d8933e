import type { HttpFailureCode } from '../../contracts/http-service.ts';
import type { NetworkFailure } from './dialer.ts';
import type { HttpRefusal } from './request.ts';
import type { DriverFailure } from './wit-error.ts';

/** What a refusal of the parser is called in `error-code` of `wasi:http`. */
export function refusalCode({ part }: HttpRefusal): HttpFailureCode {
  switch (part) {
    case 'method':
      return 'HTTP-request-method-invalid';
    case 'url':
      return 'HTTP-request-URI-invalid';
    case 'header':
      return 'HTTP-protocol-error';
    case 'header-size':
      return 'HTTP-request-header-section-size';
    case 'body':
      return 'HTTP-request-body-size';
  }
}

/** What it is called that no answer came. */
export function failureCode({ tag, sent }: DriverFailure): HttpFailureCode {
  switch (tag) {
    case 'name-not-resolved':
      return 'DNS-error';
    case 'timed-out':
      return sent ? 'HTTP-response-timeout' : 'connection-timeout';
    case 'connection-failed':
      return sent ? 'connection-terminated' : 'connection-refused';
    case 'tls-failed':
      return 'TLS-protocol-error';
    case 'response-too-large':
      return 'HTTP-response-body-size';
    case 'protocol-error':
    case 'redirect-refused':
      return 'HTTP-protocol-error';
  }
}

/** What it is called that a body broke. */
export function bodyFailureCode(failure: NetworkFailure): HttpFailureCode {
  switch (failure) {
    case 'timed-out':
      return 'connection-read-timeout';
    case 'connection-failed':
    case 'tls-failed':
      return 'HTTP-response-incomplete';
    case 'response-too-large':
      return 'HTTP-response-body-size';
    case 'protocol-error':
      return 'HTTP-protocol-error';
  }
}
