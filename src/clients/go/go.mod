module cpprediction

go 1.18
