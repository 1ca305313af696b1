// Scratch memory of operator calls is written before it is read; clearing it would cost more than the call.
[module: System.Runtime.CompilerServices.SkipLocalsInit]
