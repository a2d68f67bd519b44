/**
 * Predicts the addresses of standard input, one a line; prints line, CP, confidence and prediction
 * id.
 *
 *     npm install && npm run build
 *     node dist/predictLines.js http://127.0.0.1:8000 [stream|batch|single] < addresses.txt
 */
import { createInterface } from 'node:readline';
import type { Shipment } from 'cp-prediction-client';
import { PredictionClient, type Result } from 'cp-prediction-client/dist/predictionClient';

const WINDOW = 100;

async function* shipments(): AsyncGenerator<Shipment> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    yield { shipmentId: String(++number), address: line.trim() };
  }
}

async function* predicted(client: PredictionClient, way: string): AsyncGenerator<Result> {
  if (way === 'stream') {
    yield* client.predictStream(shipments(), undefined, WINDOW);
    return;
  }
  if (way === 'single') {
    for await (const shipment of shipments()) yield await client.predict(shipment);
    return;
  }
  let batch: Shipment[] = [];
  for await (const shipment of shipments()) {
    if (batch.push(shipment) < WINDOW) continue;
    yield* await client.predictBatch(batch);
    batch = [];
  }
  if (batch.length > 0) yield* await client.predictBatch(batch);
}

async function main([url, way = 'stream']: string[]): Promise<void> {
  const client = new PredictionClient(url, { deadlineMs: 60_000 });
  for await (const result of predicted(client, way)) {
    const columns =
      'error' in result
        ? [result.shipmentId, '-', result.error.code, '-']
        : [result.shipmentId, result.cp, result.confidence, result.predictionId];
    process.stdout.write(columns.join('\t') + '\n');
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
