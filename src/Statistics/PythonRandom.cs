namespace AlpacaCot.Statistics;

/// <summary>
/// CPython's <c>random.Random</c>, number for number: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998) seeded with
/// <c>init_by_array</c>. lm-eval draws few-shot examples and bootstrap resamples with it, so equal seeds give equal prompts and errors.
/// </summary>
public sealed class PythonRandom
{
    private const int N = 624;
    private const int M = 397;
    private readonly uint[] _state = new uint[N];
    private int _index = N;

    /// <summary>Seeds as <c>random.Random(seed)</c> does: by the absolute value.</summary>
    public PythonRandom(long seed)
    {
        var magnitude = seed == long.MinValue ? 1UL << 63 : (ulong)Math.Abs(seed);
        uint[] key = magnitude > uint.MaxValue ? [(uint)magnitude, (uint)(magnitude >> 32)] : [(uint)magnitude];
        InitialiseByArray(key);
    }

    /// <summary><c>random()</c>: uniform in [0, 1) with 53 bits.</summary>
    public double NextDouble()
    {
        var a = Next() >> 5;
        var b = Next() >> 6;
        return (a * 67108864.0 + b) * (1.0 / 9007199254740992.0);
    }

    /// <summary><c>getrandbits(k)</c> for k from 1 to 32.</summary>
    public uint NextBits(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 32);
        return Next() >> (32 - bits);
    }

    /// <summary><c>randrange(n)</c>: uniform in 0 … n − 1, by rejection.</summary>
    public int NextBelow(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        var bits = 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)n);
        uint value;
        do value = Next() >> (32 - bits);
        while (value >= (uint)n);
        return (int)value;
    }

    /// <summary><c>randint(a, b)</c>: uniform in a … b, both included.</summary>
    public int NextBetween(int a, int b) => a + NextBelow(b - a + 1);

    /// <summary><c>sample(population, k)</c>: k different elements in random order.</summary>
    public T[] Sample<T>(IReadOnlyList<T> population, int k)
    {
        var n = population.Count;
        if (k < 0 || k > n) throw new ArgumentOutOfRangeException(nameof(k), $"a sample of {k} from {n} elements");
        var result = new T[k];
        // CPython copies the population only where a set of the drawn indices would be the larger of the two.
        var setSize = 21.0;
        if (k > 5) setSize += Math.Pow(4, Math.Ceiling(Math.Log(k * 3) / Math.Log(4)));
        if (n <= setSize)
        {
            var pool = population.ToArray();
            for (var i = 0; i < k; i++)
            {
                var j = NextBelow(n - i);
                result[i] = pool[j];
                pool[j] = pool[n - i - 1];
            }
            return result;
        }
        var drawn = new HashSet<int>();
        for (var i = 0; i < k; i++)
        {
            int j;
            do j = NextBelow(n);
            while (!drawn.Add(j));
            result[i] = population[j];
        }
        return result;
    }

    /// <summary><c>choices(population, k = k)</c>: k draws with replacement.</summary>
    public void Choices<T>(ReadOnlySpan<T> population, Span<T> result)
    {
        double n = population.Length;
        for (var i = 0; i < result.Length; i++) result[i] = population[(int)Math.Floor(NextDouble() * n)];
    }

    /// <summary><c>shuffle(x)</c> in place.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (var i = items.Count - 1; i > 0; i--)
        {
            var j = NextBelow(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private uint Next()
    {
        if (_index >= N) Refill();
        var y = _state[_index++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    private void Refill()
    {
        for (var i = 0; i < N; i++)
        {
            var y = (_state[i] & 0x80000000u) | (_state[(i + 1) % N] & 0x7fffffffu);
            _state[i] = _state[(i + M) % N] ^ (y >> 1) ^ ((y & 1) == 0 ? 0u : 0x9908b0dfu);
        }
        _index = 0;
    }

    private void InitialiseByArray(uint[] key)
    {
        _state[0] = 19650218u;
        for (var i = 1; i < N; i++) _state[i] = 1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30)) + (uint)i;
        int at = 1, j = 0;
        for (var k = Math.Max(N, key.Length); k > 0; k--)
        {
            _state[at] = (_state[at] ^ ((_state[at - 1] ^ (_state[at - 1] >> 30)) * 1664525u)) + key[j] + (uint)j;
            if (++at >= N) { _state[0] = _state[N - 1]; at = 1; }
            if (++j >= key.Length) j = 0;
        }
        for (var k = N - 1; k > 0; k--)
        {
            _state[at] = (_state[at] ^ ((_state[at - 1] ^ (_state[at - 1] >> 30)) * 1566083941u)) - (uint)at;
            if (++at >= N) { _state[0] = _state[N - 1]; at = 1; }
        }
        _state[0] = 0x80000000u;
    }
}
