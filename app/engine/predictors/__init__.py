"""What turns the network's input into a prediction: a predictor per kind of bundle, all give the same `Prediction`."""
