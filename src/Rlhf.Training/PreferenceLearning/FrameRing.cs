namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// Stacked frames of the last steps as bytes: nothing is lost, since values are j/255. Where a stack is the one before moved on by one picture,
/// which it is but for the first steps of an episode, that picture alone is kept: 7 kB a step instead of the 113 of floats.
/// </summary>
internal sealed class FrameRing
{
    private readonly int _channels, _plane, _slots;
    private readonly byte[] _newest, _last, _packed;
    private readonly byte[]?[] _whole;

    /// <param name="capacity">Steps that can be read.</param>
    /// <param name="channels">Pictures of a stack, the newest last.</param>
    /// <param name="plane">Pixels of a picture.</param>
    public FrameRing(int capacity, int channels, int plane)
    {
        // The oldest step that can be read has its older pictures with steps before it.
        (_channels, _plane, _slots) = (channels, plane, capacity + channels - 1);
        _newest = new byte[(long)_slots * plane];
        _whole = new byte[_slots][];
        (_last, _packed) = (new byte[channels * plane], new byte[channels * plane]);
    }

    /// <summary>Adds the next step.</summary>
    /// <param name="step">Its number: 0, then one more each time.</param>
    /// <param name="stack">[channels · plane] values j/255.</param>
    public void Append(long step, ReadOnlySpan<float> stack)
    {
        for (int i = 0; i < _packed.Length; i++)
            _packed[i] = (byte)((stack[i] * 255f) + 0.5f);
        int slot = Slot(step);
        bool goesOn = step > 0 && _packed.AsSpan(0, _packed.Length - _plane).SequenceEqual(_last.AsSpan(_plane));
        _whole[slot] = goesOn ? null : [.. _packed];
        if (goesOn)
            _packed.AsSpan(_packed.Length - _plane).CopyTo(_newest.AsSpan(slot * _plane));
        _packed.CopyTo(_last, 0);
    }

    /// <summary>Writes the stack of one of the last steps.</summary>
    /// <param name="step">Its number.</param>
    /// <param name="stack">[channels · plane] result.</param>
    public void Read(long step, Span<byte> stack)
    {
        for (int channel = 0; channel < _channels; channel++)
        {
            (long at, int picture) = (step, channel);
            while (_whole[Slot(at)] is null && picture < _channels - 1)
                (at, picture) = (at - 1, picture + 1);
            ReadOnlySpan<byte> source = _whole[Slot(at)] is { } whole ? whole.AsSpan(picture * _plane, _plane) : _newest.AsSpan(Slot(at) * _plane, _plane);
            source.CopyTo(stack[(channel * _plane)..]);
        }
    }

    private int Slot(long step) => (int)(step % _slots);
}
