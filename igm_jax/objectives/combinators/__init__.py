"""What makes objectives of objectives: weights, features, banks, scales, classes."""
