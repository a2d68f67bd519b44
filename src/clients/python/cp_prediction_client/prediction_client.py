"""The generated client with retries, ids of its own, deadlines and streams.

Needs what the generated client needs and nothing else. A client may be used by several threads.
"""

import json
import os
import random
import time
import uuid
from dataclasses import dataclass
from itertools import islice
from typing import Any, Callable, Iterable, Iterator, List, Optional, Union

import urllib3

from cp_prediction_client.api.predictions_api import PredictionsApi
from cp_prediction_client.api_client import ApiClient
from cp_prediction_client.configuration import Configuration
from cp_prediction_client.exceptions import ApiException
from cp_prediction_client.models.batch import Batch
from cp_prediction_client.models.failed_line import FailedLine
from cp_prediction_client.models.failed_shipment import FailedShipment
from cp_prediction_client.models.prediction import Prediction
from cp_prediction_client.models.shipment import Shipment

RETRIED_STATUSES = frozenset({429, 503, 504})
RETRIED_CODES = frozenset({"rate-limited", "overloaded", "not-ready", "deadline-exceeded"})
FIRST_BACKOFF = 0.1  # seconds
LONGEST_BACKOFF = 5.0

Result = Union[Prediction, FailedShipment, FailedLine]


def new_prediction_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): 48 bits of Unix time in milliseconds, 74 random bits."""
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


@dataclass
class _Attempts:
    """Until when a call is tried, and how often it was."""

    until: float  # of time.monotonic()
    failed: int = 0

    def left(self) -> float:
        """Seconds, more than 0 as timeouts have to be."""
        return max(self.until - time.monotonic(), 0.001)

    def wait(self, retry_after: float = 0) -> bool:
        """Waits before the next attempt; false, at once, if the deadline comes first."""
        backoff = random.uniform(0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**self.failed))
        self.failed += 1
        pause = max(backoff, retry_after)
        if time.monotonic() + pause >= self.until:
            return False
        time.sleep(pause)
        return True

    def wait_after(self, error: Exception) -> bool:
        """As ``wait``; false as well for an error that another attempt can't mend."""
        if isinstance(error, ApiException):
            return error.status in RETRIED_STATUSES and self.wait(_retry_after(error.headers))
        return self.wait()


def _retry_after(headers: Any) -> float:
    value = (headers or {}).get("Retry-After") or ""
    return float(value) if value.isdigit() else 0.0


class PredictionClient:
    """Calls the service until it responds or the deadline has passed.

    A refusal (429), an unavailable service (503), a late one (504) and a broken connection are
    tried again, after a random back-off that grows from 0.1 s to 5 s, or after ``Retry-After``
    where that is longer. Shipments without a ``prediction_id`` get one, so that a prediction is
    stored once however often its request is sent.

    :param url: such as ``http://127.0.0.1:8000``
    :param token: of a caller; none where the service asks for none
    :param deadline: seconds that a call takes at most, all attempts and pauses included; of a
        stream, seconds from one result to the next
    """

    def __init__(self, url: str, token: Optional[str] = None, deadline: float = 30.0) -> None:
        self.api_client = ApiClient(
            Configuration(host=url.rstrip("/"), access_token=token, retries=0)
        )
        self._api = PredictionsApi(self.api_client)
        self._deadline = deadline

    def call(self, operation: Callable[..., Any], *args: Any, deadline: Optional[float] = None,
             **kwargs: Any) -> Any:
        """Calls an operation of a generated API, which must be one that may be repeated.

        :raises ApiException: the service responded with an error
        :raises urllib3.exceptions.HTTPError: it could not be reached
        """
        attempts = self._attempts(deadline)
        while True:
            try:
                return operation(*args, _request_timeout=attempts.left(), **kwargs)
            except (ApiException, urllib3.exceptions.HTTPError) as error:
                if not attempts.wait_after(error):
                    raise

    def predict(self, shipment: Shipment, explain: bool = False,
                deadline: Optional[float] = None) -> Prediction:
        """Predicts the CP of one shipment.

        :raises ApiException: the service responded with an error
        :raises urllib3.exceptions.HTTPError: it could not be reached
        """
        shipment = _with_id(shipment)
        attempts = self._attempts(deadline)
        while True:
            left = attempts.left()
            try:
                return self._api.predict(
                    shipment, explain, x_deadline_ms=_ms(left), _request_timeout=left)
            except (ApiException, urllib3.exceptions.HTTPError) as error:
                if not attempts.wait_after(error):
                    raise

    def predict_batch(self, shipments: Iterable[Shipment],
                      deadline: Optional[float] = None) -> List[Result]:
        """Predicts up to 1,000 shipments; one that fails does so alone.

        :return: in the order of ``shipments``
        :raises ApiException: the service responded with an error
        :raises urllib3.exceptions.HTTPError: it could not be reached
        """
        attempts = self._attempts(deadline)
        return list(self._results(list(shipments), self._send_batch, attempts))

    def predict_stream(self, shipments: Iterable[Shipment],
                       deadline: Optional[float] = None, window: int = 1_000) -> Iterator[Result]:
        """Predicts any number of shipments, which are read as results are.

        The results of a request arrive one by one. After a broken connection only those shipments
        are sent again whose results are missing.

        :param window: how many shipments are read, kept in memory and sent in a request
        :return: in the order of ``shipments``; ``FailedLine.line`` counts them from 1
        :raises ApiException: the service responded with an error
        :raises urllib3.exceptions.HTTPError: it could not be reached
        """
        source = iter(shipments)
        number = 0
        while some := list(islice(source, window)):
            attempts = self._attempts(deadline)
            for result in self._results(some, self._send_lines, attempts):
                number += 1
                if isinstance(result, FailedLine):
                    result.line = number
                yield result
                attempts.until = self._attempts(deadline).until

    def _attempts(self, deadline: Optional[float]) -> _Attempts:
        return _Attempts(time.monotonic() + (self._deadline if deadline is None else deadline))

    def _results(self, shipments: List[Shipment],
                 send: Callable[[List[Shipment], _Attempts], Iterator[Result]],
                 attempts: _Attempts) -> Iterator[Result]:
        """The results in order, each as soon as those before it are there."""
        shipments = [_with_id(shipment) for shipment in shipments]
        results: List[Optional[Result]] = [None] * len(shipments)
        failures: List[Optional[Result]] = [None] * len(shipments)
        given = 0
        while given < len(results):
            missing = [i for i in range(given, len(results)) if results[i] is None]
            error: Optional[Exception] = None
            try:
                for result, i in zip(send([shipments[i] for i in missing], attempts), missing):
                    failures[i] = result
                    if not _is_retried(result):
                        results[i] = result
                    while given < len(results) and results[given] is not None:
                        yield results[given]
                        given += 1
            except (ApiException, urllib3.exceptions.HTTPError) as e:
                error = e
            if given == len(results):
                return
            if attempts.wait_after(error) if error else attempts.wait():
                continue
            if error:
                raise error
            if any(results[i] is None and failures[i] is None for i in missing):
                raise urllib3.exceptions.ProtocolError("The response ended before its results")
            yield from (results[i] or failures[i] for i in range(given, len(results)))
            return

    def _send_batch(self, shipments: List[Shipment], attempts: _Attempts) -> Iterator[Result]:
        left = attempts.left()
        answer = self._api.predict_batch(
            Batch(shipments=shipments), x_deadline_ms=_ms(left), _request_timeout=left)
        return (result.actual_instance for result in answer.results)

    def _send_lines(self, shipments: List[Shipment], attempts: _Attempts) -> Iterator[Result]:
        left = attempts.left()
        response = self._api.predict_stream_without_preload_content(
            "".join(shipment.to_json() + "\n" for shipment in shipments),
            x_deadline_ms=_ms(left), _request_timeout=(left, left))
        try:
            if response.status != 200:
                raise ApiException(http_resp=response, body=response.data.decode())
            for line in response:
                fields = json.loads(line)
                yield (FailedLine if "error" in fields else Prediction).from_dict(fields)
        finally:
            response.close()


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1_000))


def _with_id(shipment: Shipment) -> Shipment:
    if shipment.prediction_id is not None:
        return shipment
    return shipment.model_copy(update={"prediction_id": new_prediction_id()})


def _is_retried(result: Result) -> bool:
    return not isinstance(result, Prediction) and result.error.code in RETRIED_CODES
