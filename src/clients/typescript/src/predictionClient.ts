/**
 * The generated client with retries, ids of its own, deadlines and streams. Needs `fetch` and
 * `crypto` as browsers and Node.js 20 have them, and nothing else.
 */
import { PredictionsApi } from './apis/PredictionsApi';
import type { FailedLine } from './models/FailedLine';
import { FailedLineFromJSON } from './models/FailedLine';
import type { FailedShipment } from './models/FailedShipment';
import { FailedShipmentFromJSON } from './models/FailedShipment';
import type { Prediction } from './models/Prediction';
import { PredictionFromJSON } from './models/Prediction';
import type { Shipment } from './models/Shipment';
import { ShipmentToJSON } from './models/Shipment';
import { Configuration, FetchError, ResponseError } from './runtime';

const RETRIED_STATUSES = [429, 503, 504];
const RETRIED_CODES = ['rate-limited', 'overloaded', 'not-ready', 'deadline-exceeded'];
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;

export type Result = Prediction | FailedShipment | FailedLine;

export interface ClientOptions {
  /** Of a caller; none where the service asks for none. */
  token?: string;
  /**
   * Milliseconds that a call takes at most, all attempts and pauses included; of a stream, from
   * one result to the next. 30,000 by default.
   */
  deadlineMs?: number;
}

/** A UUID of version 7 (RFC 9562): 48 bits of Unix time in milliseconds, 74 random bits. */
export function newPredictionId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  const now = Date.now();
  view.setUint32(0, Math.floor(now / 0x10000));
  view.setUint16(4, now % 0x10000);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Until when a call is tried, and how often it was. */
class Attempts {
  private failed = 0;
  private until: number; // of Date.now()

  constructor(private readonly deadlineMs: number) {
    this.until = Date.now() + deadlineMs;
  }

  renew(): void {
    this.until = Date.now() + this.deadlineMs;
  }

  /** Milliseconds, 1 at least. */
  left(): number {
    return Math.max(1, Math.floor(this.until - Date.now()));
  }

  /** Waits before the next attempt; false, at once, if the deadline comes first. */
  async wait(retryAfterMs = 0): Promise<boolean> {
    const longest = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.failed++);
    const pause = Math.max(Math.random() * longest, retryAfterMs);
    if (Date.now() + pause >= this.until) return false;
    await new Promise((resolve) => setTimeout(resolve, pause));
    return true;
  }

  /** As `wait`; false as well for an error that another attempt can't mend. */
  async waitAfter(error: unknown): Promise<boolean> {
    if (!(error instanceof ResponseError)) return isBroken(error) && this.wait();
    if (!RETRIED_STATUSES.includes(error.response.status)) return false;
    const seconds = Number(error.response.headers.get('Retry-After') ?? 0);
    return this.wait(Number.isFinite(seconds) ? seconds * 1_000 : 0);
  }
}

/** Whether the service could not be reached, or its response broke off. */
function isBroken(error: unknown): boolean {
  return (
    error instanceof FetchError ||
    error instanceof BrokenOff ||
    (error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name))
  );
}

/** A response that ended before its last result. */
export class BrokenOff extends Error {
  override name = 'BrokenOff' as const;
}

/**
 * Calls the service until it responds or the deadline has passed. A refusal (429), an unavailable
 * service (503), a late one (504) and a broken connection are tried again, after a random back-off
 * that grows from 0.1 s to 5 s, or after `Retry-After` where that is longer. Shipments without a
 * `predictionId` get one, so that a prediction is stored once however often its request is sent.
 *
 * Calls reject with a `ResponseError` where the service responded with an error, with a
 * `FetchError` where it could not be reached, and with `BrokenOff` where its response ended early.
 */
export class PredictionClient {
  readonly configuration: Configuration;
  private readonly api: PredictionsApi;
  private readonly deadlineMs: number;

  /** @param url such as `http://127.0.0.1:8000` */
  constructor(url: string, options: ClientOptions = {}) {
    this.configuration = new Configuration({
      basePath: url.replace(/\/+$/, ''),
      accessToken: options.token,
    });
    this.api = new PredictionsApi(this.configuration);
    this.deadlineMs = options.deadlineMs ?? 30_000;
  }

  /**
   * Calls an operation of a generated API, which must be one that may be repeated; it passes the
   * signal on: `client.call((signal) => health.ready({}, { signal }))`.
   */
  async call<T>(
    operation: (signal: AbortSignal, leftMs: number) => Promise<T>,
    deadlineMs = this.deadlineMs,
  ): Promise<T> {
    const attempts = new Attempts(deadlineMs);
    for (;;) {
      const left = attempts.left();
      try {
        return await operation(AbortSignal.timeout(left), left);
      } catch (error) {
        if (!(await attempts.waitAfter(error))) throw error;
      }
    }
  }

  /** Predicts the CP of one shipment. */
  async predict(
    shipment: Shipment,
    options: { explain?: boolean; deadlineMs?: number } = {},
  ): Promise<Prediction> {
    const request = { shipment: withId(shipment), explain: options.explain };
    return this.call(
      (signal, xDeadlineMs) => this.api.predict({ ...request, xDeadlineMs }, { signal }),
      options.deadlineMs,
    );
  }

  /**
   * Predicts up to 1,000 shipments; one that fails does so alone. The results come in the order of
   * `shipments`.
   */
  async predictBatch(shipments: Shipment[], deadlineMs = this.deadlineMs): Promise<Result[]> {
    const results: Result[] = [];
    const attempts = new Attempts(deadlineMs);
    for await (const result of this.results(shipments, this.sendBatch, attempts)) {
      results.push(result);
    }
    return results;
  }

  /**
   * Predicts any number of shipments, which are read as results are. The results of a request
   * arrive one by one, in the order of `shipments`. After a broken connection only those shipments
   * are sent again whose results are missing. `FailedLine.line` counts the shipments from 1.
   *
   * @param window how many shipments are read, kept in memory and sent in a request
   */
  async *predictStream(
    shipments: Iterable<Shipment> | AsyncIterable<Shipment>,
    deadlineMs = this.deadlineMs,
    window = 1_000,
  ): AsyncGenerator<Result> {
    let number = 0;
    for await (const some of windows(shipments, window)) {
      const attempts = new Attempts(deadlineMs);
      for await (const result of this.results(some, this.sendLines, attempts)) {
        number++;
        yield 'line' in result ? { ...result, line: number } : result;
        attempts.renew();
      }
    }
  }

  /** The results in order, each as soon as those before it are there. */
  private async *results(
    shipments: Shipment[],
    send: (shipments: Shipment[], attempts: Attempts) => AsyncGenerator<Result>,
    attempts: Attempts,
  ): AsyncGenerator<Result> {
    const all = shipments.map(withId);
    const results: (Result | undefined)[] = all.map(() => undefined);
    const failures: (Result | undefined)[] = all.map(() => undefined);
    let given = 0;
    while (given < all.length) {
      const missing = [...all.keys()].filter((i) => i >= given && results[i] === undefined);
      let error: unknown;
      let received = 0;
      try {
        for await (const result of send.call(this, missing.map((i) => all[i]), attempts)) {
          const i = missing[received++];
          failures[i] = result;
          if (!isRetried(result)) results[i] = result;
          for (let next; (next = results[given]) !== undefined; given++) yield next;
        }
        if (received < missing.length) error = new BrokenOff('The response ended before its results');
      } catch (e) {
        error = e;
      }
      if (given === all.length) return;
      if (await (error === undefined ? attempts.wait() : attempts.waitAfter(error))) continue;
      if (error !== undefined) throw error;
      for (; given < all.length; given++) yield (results[given] ?? failures[given])!;
    }
  }

  private async *sendBatch(shipments: Shipment[], attempts: Attempts): AsyncGenerator<Result> {
    const left = attempts.left();
    const { raw } = await this.api.predictBatchRaw(
      { batch: { shipments }, xDeadlineMs: left },
      { signal: AbortSignal.timeout(left) },
    );
    const { results } = await whole(() => raw.json());
    for (const result of results) {
      yield 'error' in result ? FailedShipmentFromJSON(result) : PredictionFromJSON(result);
    }
  }

  private async *sendLines(shipments: Shipment[], attempts: Attempts): AsyncGenerator<Result> {
    const body = shipments.map((shipment) => JSON.stringify(ShipmentToJSON(shipment)) + '\n');
    const abort = new AbortController();
    const limited = async <T>(part: Promise<T>): Promise<T> => {
      const timer = setTimeout(() => abort.abort(), attempts.left());
      try {
        return await part;
      } finally {
        clearTimeout(timer);
      }
    };
    try {
      const { raw } = await limited(
        this.api.predictStreamRaw(
          { body: body.join(''), xDeadlineMs: attempts.left() },
          { signal: abort.signal },
        ),
      );
      const reader = raw.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ''; ; ) {
        const { value, done } = await whole(() => limited(reader.read()));
        if (done) return;
        const lines = (rest + value).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          const fields = JSON.parse(line);
          yield 'error' in fields ? FailedLineFromJSON(fields) : PredictionFromJSON(fields);
        }
      }
    } finally {
      abort.abort(); // what is left of the response when the caller stops reading
    }
  }
}

/** A part of a response; what breaks while it is read is `BrokenOff`. */
async function whole<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw isBroken(error) ? error : new BrokenOff(String(error));
  }
}

async function* windows(
  shipments: Iterable<Shipment> | AsyncIterable<Shipment>,
  size: number,
): AsyncGenerator<Shipment[]> {
  let window: Shipment[] = [];
  for await (const shipment of shipments) {
    if (window.push(shipment) < size) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

function withId(shipment: Shipment): Shipment {
  return { ...shipment, predictionId: shipment.predictionId ?? newPredictionId() };
}

function isRetried(result: Result): boolean {
  return 'error' in result && RETRIED_CODES.includes(result.error.code);
}
