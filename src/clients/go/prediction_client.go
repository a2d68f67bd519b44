// Package cpprediction is the generated client with retries, ids of its own, deadlines and streams.
// It needs the standard library only.
package cpprediction

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstBackoff   = 100 * time.Millisecond
	longestBackoff = 5 * time.Second
	longestLine    = 1 << 20 // bytes
)

// StatusError is a response of the service that is no success, to a stream.
type StatusError struct {
	Status int
	Body   string
}

func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Status, e.Body) }

// Result is a prediction, or a shipment that failed alone; one of Prediction and Error is nil.
type Result struct {
	ShipmentId string
	Prediction *Prediction
	Error      *Problem
}

func (r *Result) isRetried() bool {
	if r.Error == nil {
		return false
	}
	switch r.Error.Code {
	case "rate-limited", "overloaded", "not-ready", "deadline-exceeded":
		return true
	}
	return false
}

// PredictionClient calls the service until it responds, the deadline has passed or the context
// ends. A refusal (429), an unavailable service (503), a late one (504) and a broken connection are
// tried again, after a random back-off that grows from 0.1 s to 5 s, or after Retry-After where
// that is longer. Shipments without a prediction id get one, so that a prediction is stored once
// however often its request is sent. It may be used by several goroutines.
type PredictionClient struct {
	// API has all calls of the service, without retries; see Call.
	API      *APIClient
	url      string
	deadline time.Duration
}

// NewPredictionClient makes a client of the service at url, such as http://127.0.0.1:8000. The
// token is that of a caller, or empty. The deadline is how long a call takes at most, all attempts
// and pauses included; of a stream, from one result to the next.
func NewPredictionClient(url, token string, deadline time.Duration) *PredictionClient {
	configuration := NewConfiguration()
	url = strings.TrimRight(url, "/")
	configuration.Servers = ServerConfigurations{{URL: url}}
	configuration.HTTPClient = &http.Client{}
	if token != "" {
		configuration.AddDefaultHeader("Authorization", "Bearer "+token)
	}
	return &PredictionClient{NewAPIClient(configuration), url, deadline}
}

// NewPredictionId makes a UUID of version 7 (RFC 9562): 48 bits of Unix time in milliseconds, 74
// random bits.
func NewPredictionId() (string, error) {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(time.Now().UnixMilli())<<16)
	if _, err := rand.Read(id[6:]); err != nil {
		return "", err
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]), nil
}

// Call makes a call of the generated API, which must be one that may be repeated.
func (c *PredictionClient) Call(
	ctx context.Context, call func(ctx context.Context, left time.Duration) (*http.Response, error),
) error {
	ctx, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	attempts := newAttempts(c.deadline)
	for {
		response, err := call(ctx, attempts.left())
		if err == nil || !attempts.waitAfter(ctx, response) {
			return err
		}
	}
}

// Predict predicts the CP of one shipment.
func (c *PredictionClient) Predict(ctx context.Context, shipment Shipment) (*Prediction, error) {
	if err := identify(&shipment); err != nil {
		return nil, err
	}
	var prediction *Prediction
	err := c.Call(ctx, func(ctx context.Context, left time.Duration) (response *http.Response, err error) {
		prediction, response, err = c.API.PredictionsAPI.Predict(ctx).
			Shipment(shipment).XDeadlineMs(left.Milliseconds()).Execute()
		return response, err
	})
	return prediction, err
}

// PredictBatch predicts up to 1,000 shipments; one that fails does so alone. The results come in
// the order of the shipments.
func (c *PredictionClient) PredictBatch(ctx context.Context, shipments []Shipment) ([]Result, error) {
	ctx, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	var results []Result
	err := c.results(ctx, shipments, c.sendBatch, newAttempts(c.deadline), func(result Result) error {
		results = append(results, result)
		return nil
	})
	return results, err
}

// PredictStream predicts any number of shipments: next gives them, and io.EOF at their end. As many
// as the window are read, kept in memory and sent in a request, 1,000 for instance; each is called
// with their results one by one, in the order of the shipments. After a broken connection only those
// shipments are sent again whose results are missing.
func (c *PredictionClient) PredictStream(
	ctx context.Context, window int, next func() (Shipment, error), each func(Result) error,
) error {
	for ended := false; !ended; {
		var shipments []Shipment
		for len(shipments) < window && !ended {
			shipment, err := next()
			if err == io.EOF {
				ended = true
			} else if err != nil {
				return err
			} else {
				shipments = append(shipments, shipment)
			}
		}
		attempts := newAttempts(c.deadline)
		err := c.results(ctx, shipments, c.sendLines, attempts, func(result Result) error {
			defer attempts.renew()
			return each(result)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// send sends shipments once and calls each with the results in order. The response is nil where
// there was none, or it broke off.
type send func(
	ctx context.Context, shipments []Shipment, attempts *attempts, each func(Result) error,
) (*http.Response, error)

// callerError is an error of the function that is called with results.
type callerError struct{ error }

func (c *PredictionClient) results(
	ctx context.Context, shipments []Shipment, send send, attempts *attempts, each func(Result) error,
) error {
	shipments = append([]Shipment(nil), shipments...)
	for i := range shipments {
		if err := identify(&shipments[i]); err != nil {
			return err
		}
	}
	results := make([]*Result, len(shipments))  // final
	failures := make([]*Result, len(shipments)) // that may be tried again
	given := 0
	for given < len(shipments) {
		var missing []int
		var again []Shipment
		for i := given; i < len(shipments); i++ {
			if results[i] == nil {
				missing = append(missing, i)
				again = append(again, shipments[i])
			}
		}
		received := 0
		response, err := send(ctx, again, attempts, func(result Result) error {
			if received == len(missing) {
				return errors.New("more results than shipments")
			}
			i := missing[received]
			received++
			if result.isRetried() {
				failures[i] = &result
				return nil
			}
			results[i] = &result
			for given < len(results) && results[given] != nil {
				if err := each(*results[given]); err != nil {
					return callerError{err}
				}
				given++
			}
			return nil
		})
		var ofCaller callerError
		if errors.As(err, &ofCaller) {
			return ofCaller.error
		}
		if err == nil && received < len(missing) {
			err = io.ErrUnexpectedEOF
		}
		if given == len(shipments) {
			return nil
		}
		if err != nil {
			if !attempts.waitAfter(ctx, response) {
				return err
			}
		} else if !attempts.wait(ctx, 0) {
			break
		}
	}
	for ; given < len(results); given++ {
		result := results[given]
		if result == nil {
			result = failures[given]
		}
		if err := each(*result); err != nil {
			return err
		}
	}
	return nil
}

func (c *PredictionClient) sendBatch(
	ctx context.Context, shipments []Shipment, attempts *attempts, each func(Result) error,
) (*http.Response, error) {
	answer, response, err := c.API.PredictionsAPI.PredictBatch(ctx).
		Batch(*NewBatch(shipments)).XDeadlineMs(attempts.left().Milliseconds()).Execute()
	if err != nil {
		return response, err
	}
	for _, result := range answer.Results {
		if err := each(resultOf(result)); err != nil {
			return response, err
		}
	}
	return response, nil
}

func (c *PredictionClient) sendLines(
	ctx context.Context, shipments []Shipment, attempts *attempts, each func(Result) error,
) (*http.Response, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body) // ends each with a line feed
	for _, shipment := range shipments {
		if err := encoder.Encode(shipment); err != nil {
			return nil, callerError{err}
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/predict/stream", &body)
	if err != nil {
		return nil, callerError{err}
	}
	for name, value := range c.API.GetConfig().DefaultHeader {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("X-Deadline-Ms", strconv.FormatInt(attempts.left().Milliseconds(), 10))
	timer := time.AfterFunc(attempts.left(), cancel) // runs while the service is waited for
	defer timer.Stop()
	response, err := c.API.GetConfig().HTTPClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		problem, _ := io.ReadAll(response.Body) // as much as came is as good as all
		return response, &StatusError{response.StatusCode, string(problem)}
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		timer.Stop()
		var result BatchAnswerResultsInner
		if err := json.Unmarshal(lines.Bytes(), &result); err != nil {
			return nil, err
		}
		if err := each(resultOf(result)); err != nil {
			return nil, err
		}
		timer.Reset(attempts.left())
	}
	return nil, lines.Err()
}

func resultOf(result BatchAnswerResultsInner) Result {
	if failed := result.FailedShipment; failed != nil {
		return Result{ShipmentId: failed.GetShipmentId(), Error: &failed.Error}
	}
	return Result{ShipmentId: result.Prediction.ShipmentId, Prediction: result.Prediction}
}

func identify(shipment *Shipment) error {
	if shipment.GetPredictionId() != "" {
		return nil
	}
	id, err := NewPredictionId()
	shipment.SetPredictionId(id)
	return err
}

// attempts says until when a call is tried, and how often it was.
type attempts struct {
	deadline time.Duration
	until    time.Time
	failed   int
}

func newAttempts(deadline time.Duration) *attempts {
	return &attempts{deadline: deadline, until: time.Now().Add(deadline)}
}

func (a *attempts) renew() { a.until = time.Now().Add(a.deadline) }

// left is a millisecond at least.
func (a *attempts) left() time.Duration {
	if left := time.Until(a.until); left > time.Millisecond {
		return left
	}
	return time.Millisecond
}

// waitAfter waits before the next attempt; it returns false, at once, if the deadline comes first
// or the response is an error that another attempt can't mend.
func (a *attempts) waitAfter(ctx context.Context, response *http.Response) bool {
	if response == nil || response.StatusCode < 300 {
		return a.wait(ctx, 0)
	}
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if err != nil {
			seconds = 0 // there is none, or it is a date
		}
		return a.wait(ctx, time.Duration(seconds)*time.Second)
	}
	return false
}

func (a *attempts) wait(ctx context.Context, retryAfter time.Duration) bool {
	longest := longestBackoff
	if a.failed < 6 {
		longest = firstBackoff << a.failed
	}
	a.failed++
	pause := time.Duration(mathrand.Int63n(int64(longest)))
	if pause < retryAfter {
		pause = retryAfter
	}
	if time.Now().Add(pause).After(a.until) {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
