module authsome.test/bench

go 1.21
