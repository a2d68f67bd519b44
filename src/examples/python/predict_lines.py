"""Predicts the addresses of standard input, one a line; prints line, CP, confidence and prediction id.

    python3 predict_lines.py http://127.0.0.1:8000 [stream|batch|single] < addresses.txt
"""

import sys
from itertools import islice

from cp_prediction_client.models.prediction import Prediction
from cp_prediction_client.models.shipment import Shipment
from cp_prediction_client.prediction_client import PredictionClient

WINDOW = 100

url, way = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "stream"
client = PredictionClient(url, deadline=60)
shipments = (
    Shipment(shipment_id=str(number), address=line.strip()) for number, line in enumerate(sys.stdin, 1)
)
if way == "stream":
    results = client.predict_stream(shipments, window=WINDOW)
elif way == "batch":
    batches = iter(lambda: list(islice(shipments, WINDOW)), [])
    results = (result for batch in batches for result in client.predict_batch(batch))
else:
    results = (client.predict(shipment) for shipment in shipments)
for result in results:
    if isinstance(result, Prediction):
        columns = (result.shipment_id, result.cp, result.confidence, result.prediction_id)
    else:
        columns = (result.shipment_id, "-", result.error.code, "-")
    print(*columns, sep="\t", flush=True)
