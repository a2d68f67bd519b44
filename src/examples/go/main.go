// Predicts the addresses of standard input, one a line; prints line, CP, confidence and prediction
// id.
//
//	go run . http://127.0.0.1:8000 [stream|batch|single] < addresses.txt
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"cpprediction"
)

const window = 100

func main() {
	way := "stream"
	if len(os.Args) > 2 {
		way = os.Args[2]
	}
	client := cpprediction.NewPredictionClient(os.Args[1], "", time.Minute)
	if err := predict(client, way); err != nil {
		log.Fatal(err)
	}
}

func predict(client *cpprediction.PredictionClient, way string) error {
	ctx := context.Background()
	if way == "stream" {
		return client.PredictStream(ctx, window, shipments(), show)
	}
	next := shipments()
	var batch []cpprediction.Shipment
	for {
		shipment, err := next()
		if err != nil && err != io.EOF {
			return err
		}
		ended := err == io.EOF
		if way == "single" && !ended {
			prediction, err := client.Predict(ctx, shipment)
			if err != nil {
				return err
			}
			show(cpprediction.Result{ShipmentId: prediction.ShipmentId, Prediction: prediction})
			continue
		}
		if !ended {
			batch = append(batch, shipment)
		}
		if len(batch) == window || ended && len(batch) > 0 {
			results, err := client.PredictBatch(ctx, batch)
			if err != nil {
				return err
			}
			for _, result := range results {
				show(result)
			}
			batch = nil
		}
		if ended {
			return nil
		}
	}
}

func shipments() func() (cpprediction.Shipment, error) {
	lines := bufio.NewScanner(os.Stdin)
	number := 0
	return func() (cpprediction.Shipment, error) {
		if !lines.Scan() {
			if lines.Err() != nil {
				return cpprediction.Shipment{}, lines.Err()
			}
			return cpprediction.Shipment{}, io.EOF
		}
		number++
		address := strings.TrimSpace(lines.Text())
		return *cpprediction.NewShipment(strconv.Itoa(number), address), nil
	}
}

func show(result cpprediction.Result) error {
	if result.Error != nil {
		_, err := fmt.Printf("%s\t-\t%s\t-\n", result.ShipmentId, result.Error.Code)
		return err
	}
	p := result.Prediction
	_, err := fmt.Printf("%s\t%s\t%v\t%s\n", p.ShipmentId, p.Cp, p.Confidence, p.PredictionId)
	return err
}
