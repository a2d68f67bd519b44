/**
 * Predicts the addresses of standard input, one a line, by the Open Inference Protocol over gRPC;
 * prints line, CP, confidence and prediction id. Needs nothing of the service but the published
 * protocol.
 *
 *     npm install
 *     node predictLines.js grpc_service.proto 127.0.0.1:9000 < addresses.txt
 */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const WINDOW = 100;
const DEADLINE_MS = 60_000;
const { UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED } = grpc.status;
const RETRIED_STATUSES = [UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED];
const RETRIED_CODES = ['rate-limited', 'overloaded', 'not-ready', 'deadline-exceeded'];

/** A UUID of version 7: however often it is sent, a prediction with it is stored once. */
function newId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function tensor(name, shipments) {
  const elements = shipments.map((shipment) => Buffer.from(shipment[name]));
  return {
    name,
    datatype: 'BYTES',
    shape: [shipments.length],
    contents: { bytes_contents: elements },
  };
}

function infer(client, shipments, deadline) {
  const request = {
    model_name: 'cp',
    inputs: ['address', 'shipment_id', 'prediction_id'].map((name) => tensor(name, shipments)),
    outputs: ['cp', 'confidence', 'error'].map((name) => ({ name })),
  };
  return new Promise((resolve, reject) => {
    client.ModelInfer(request, { deadline }, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

/** CP, confidence and error of each shipment. */
function results(response) {
  const columns = Object.fromEntries(
    response.outputs.map(({ name, contents }) => [
      name,
      name === 'confidence' ? contents.fp64_contents : contents.bytes_contents.map(String),
    ]),
  );
  return columns.cp.map((cp, i) => ({
    cp,
    confidence: columns.confidence[i],
    error: columns.error[i],
  }));
}

/** Sets `result` of each shipment; a single one that can't be predicted fails as a call. */
async function predict(client, shipments) {
  const deadline = Date.now() + DEADLINE_MS;
  let waiting = shipments;
  for (let longest = 100; waiting.length > 0; longest = Math.min(2 * longest, 5_000)) {
    let failure;
    try {
      const found = results(await infer(client, waiting, deadline));
      waiting.forEach((shipment, i) => (shipment.result = found[i]));
    } catch (error) {
      const [code] = error.metadata?.get('cp-code') ?? [];
      if (RETRIED_STATUSES.includes(error.code)) failure = error;
      else if (code && waiting.length === 1) waiting[0].result = { error: code };
      else throw error;
    }
    waiting = waiting.filter(
      ({ result }) => result === undefined || RETRIED_CODES.includes(result.error),
    );
    if (waiting.length === 0) return;
    const ms = Math.random() * longest;
    if (Date.now() + ms > deadline) {
      if (failure) throw failure;
      return;
    }
    await pause(ms);
  }
}

async function main([proto, target]) {
  const { inference } = grpc.loadPackageDefinition(loadSync(proto, { keepCase: true }));
  const client = new inference.GRPCInferenceService(target, grpc.credentials.createInsecure());
  let number = 0;
  let batch = [];
  const flush = async () => {
    await predict(client, batch);
    for (const { shipment_id, prediction_id, result } of batch) {
      const columns = result.error
        ? [shipment_id, '-', result.error, '-']
        : [shipment_id, result.cp, result.confidence, prediction_id];
      process.stdout.write(columns.join('\t') + '\n');
    }
    batch = [];
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const shipment_id = String(++number);
    if (batch.push({ shipment_id, address: line.trim(), prediction_id: newId() }) === WINDOW) {
      await flush();
    }
  }
  await flush();
  client.close();
}

await main(process.argv.slice(2));
