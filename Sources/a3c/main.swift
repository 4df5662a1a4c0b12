print("a3c")
