module predictlines

go 1.18

require cpprediction v0.0.0

replace cpprediction => ../../../target/clients/go
