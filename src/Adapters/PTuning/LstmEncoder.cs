using AlpacaCot.Adapters.PromptLearning;

namespace AlpacaCot.Adapters.PTuning;

/// <summary>
/// The LSTM encoder of P-tuning. Each layer runs over the rows in both directions, and its states are the next one's input:
/// <code>
/// [i f g o] = W_ih x + b_ih + W_hh h + b_hh
/// c ← σ(f) c + σ(i) tanh(g)        h ← σ(o) tanh(c)
/// </code>
/// </summary>
internal sealed class LstmEncoder : PromptEncoder
{
    private readonly Tensor _embedding;
    private readonly List<(Direction Forward, Direction Backward)> _layers = [];
    private readonly Affine _first, _second;

    public LstmEncoder(PTuningConfig config, long width, Device device, Generator generator)
    {
        long rows = config.VirtualTokens, hidden = config.EncoderHidden!.Value;
        _embedding = Embedding(rows, width, device, generator);
        for (var layer = 0; layer < config.EncoderLayers; layer++)
        {
            var input = layer == 0 ? width : 2 * hidden;
            Direction Make(string suffix) => new(
                Uniform($"lstm_head.weight_ih_l{layer}{suffix}", [4 * hidden, input], hidden, device, generator),
                Uniform($"lstm_head.weight_hh_l{layer}{suffix}", [4 * hidden, hidden], hidden, device, generator),
                Uniform($"lstm_head.bias_ih_l{layer}{suffix}", [4 * hidden], hidden, device, generator),
                Uniform($"lstm_head.bias_hh_l{layer}{suffix}", [4 * hidden], hidden, device, generator));
            _layers.Add((Make(""), Make("_reverse")));
        }
        _first = Linear("mlp_head.0", 2 * hidden, 2 * hidden, device, generator);
        _second = Linear("mlp_head.2", 2 * hidden, width, device, generator);
    }

    public override Tensor Columns(long start, long count)
    {
        var x = _embedding;
        foreach (var (forward, backward) in _layers) x = torch.cat([forward.Run(x, reverse: false), backward.Run(x, reverse: true)], 1);
        return _second.Forward(_first.Forward(x).relu()).narrow(1, start, count);
    }

    private sealed record Direction(Tensor InputWeight, Tensor StateWeight, Tensor InputBias, Tensor StateBias)
    {
        /// <summary>The states <c>[rows, hidden]</c> over the rows in one direction, in the rows' own order.</summary>
        public Tensor Run(Tensor x, bool reverse)
        {
            var (rows, hidden) = ((int)x.size(0), StateWeight.size(1));
            var inputs = torch.nn.functional.linear(x, InputWeight, InputBias);
            var h = torch.zeros([1, hidden], x.dtype, x.device);
            var c = h;
            var states = new Tensor[rows];
            for (var step = 0; step < rows; step++)
            {
                var row = reverse ? rows - 1 - step : step;
                var gates = (inputs.narrow(0, row, 1) + torch.nn.functional.linear(h, StateWeight, StateBias)).chunk(4, 1);
                c = gates[1].sigmoid() * c + gates[0].sigmoid() * gates[2].tanh();
                h = gates[3].sigmoid() * c.tanh();
                states[row] = h;
            }
            return torch.cat(states, 0);
        }
    }
}
