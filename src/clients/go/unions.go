package cpprediction

import "encoding/json"

// BatchAnswerResultsInner is a prediction, or a shipment that failed alone; one of the two is nil.
type BatchAnswerResultsInner struct {
	Prediction     *Prediction
	FailedShipment *FailedShipment
}

// UnmarshalJSON takes what has an error for a failure.
func (r *BatchAnswerResultsInner) UnmarshalJSON(data []byte) error {
	if failed, err := hasError(data); err != nil {
		return err
	} else if failed {
		return json.Unmarshal(data, &r.FailedShipment)
	}
	return json.Unmarshal(data, &r.Prediction)
}

// MarshalJSON writes the one that is not nil.
func (r BatchAnswerResultsInner) MarshalJSON() ([]byte, error) {
	if r.FailedShipment != nil {
		return json.Marshal(r.FailedShipment)
	}
	return json.Marshal(r.Prediction)
}

// OutcomesAnswerResultsInner is what an outcome says about its prediction, or an outcome that
// failed alone; one of the two is nil.
type OutcomesAnswerResultsInner struct {
	Judged         *Judged
	FailedShipment *FailedShipment
}

// UnmarshalJSON takes what has an error for a failure.
func (r *OutcomesAnswerResultsInner) UnmarshalJSON(data []byte) error {
	if failed, err := hasError(data); err != nil {
		return err
	} else if failed {
		return json.Unmarshal(data, &r.FailedShipment)
	}
	return json.Unmarshal(data, &r.Judged)
}

// MarshalJSON writes the one that is not nil.
func (r OutcomesAnswerResultsInner) MarshalJSON() ([]byte, error) {
	if r.FailedShipment != nil {
		return json.Marshal(r.FailedShipment)
	}
	return json.Marshal(r.Judged)
}

// Warming names addresses, or asks for the most frequent ones; one of the two is nil.
type Warming struct {
	WarmingOneOf  *WarmingOneOf
	WarmingOneOf1 *WarmingOneOf1
}

// MarshalJSON writes the one that is not nil.
func (w Warming) MarshalJSON() ([]byte, error) {
	if w.WarmingOneOf != nil {
		return json.Marshal(w.WarmingOneOf)
	}
	return json.Marshal(w.WarmingOneOf1)
}

func hasError(data []byte) (bool, error) {
	var fields struct {
		Error *json.RawMessage `json:"error"`
	}
	err := json.Unmarshal(data, &fields)
	return fields.Error != nil, err
}
