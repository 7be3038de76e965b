using Rlhf.Models;
using Rlhf.Preferences;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// One segment as a reward model reads it. Vectors are kept as rows; of frames every plane is kept once, as bytes, since neighbouring stacks
/// share three of four: 3,000 labels of 25 steps take 1.2 GB instead of 17.
/// </summary>
public sealed class RewardClip
{
    private readonly float[]? _rows;
    private readonly byte[]? _planes;
    private readonly int[]? _planeOfChannel;
    private readonly int _width, _channels;

    /// <summary>The rows of a segment.</summary>
    /// <exception cref="DataFormatException">The segment is not from such an environment.</exception>
    public RewardClip(RewardInput input, Segment segment)
    {
        Length = segment.Length;
        _width = input.Length;
        int observations = Length * input.ObservationLength, actions = Length * input.ActionLength;
        if (segment.Observations.Length != observations || segment.Actions.Length != actions)
        {
            throw new DataFormatException(
                $"segment {segment.Id}: {segment.Observations.Length} and {segment.Actions.Length} floats of observations and actions, "
                + $"expected {observations} and {actions} for {Length} steps of this environment");
        }

        int bad = Array.FindIndex(segment.Observations, value => !float.IsFinite(value));
        if (bad >= 0)
            throw new DataFormatException($"segment {segment.Id}: observation {bad / input.ObservationLength} holds {segment.Observations[bad]}, expected finite numbers");
        if (!input.IsPixels)
        {
            _rows = new float[Length * _width];
            input.Encode(segment.Observations, segment.Actions, _rows);
            return;
        }

        byte[] frames = new byte[observations];
        for (int i = 0; i < frames.Length; i++)
            frames[i] = (byte)MathF.Round(segment.Observations[i] * 255f);
        _channels = input.Shape[0];
        (_planes, _planeOfChannel) = Share(frames, _channels, _width / _channels);
    }

    /// <summary>The frames of some steps.</summary>
    /// <param name="input">Of pixels.</param>
    /// <param name="frames">[k, channels, height, width] bytes j of values j/255.</param>
    internal RewardClip(RewardInput input, ReadOnlySpan<byte> frames)
    {
        (_width, _channels) = (input.Length, input.Shape[0]);
        Length = frames.Length / _width;
        (_planes, _planeOfChannel) = Share(frames, _channels, _width / _channels);
    }

    /// <summary>k, steps.</summary>
    public int Length { get; }

    /// <summary>Bytes that the clip takes.</summary>
    public long Bytes => _rows is not null ? (long)_rows.Length * sizeof(float) : _planes!.LongLength;

    /// <summary>Writes the rows [k, I].</summary>
    public void CopyTo(Span<float> rows)
    {
        if (_rows is not null)
        {
            _rows.CopyTo(rows);
            return;
        }

        int plane = _width / _channels;
        for (int i = 0; i < _planeOfChannel!.Length; i++)
        {
            ReadOnlySpan<byte> source = _planes.AsSpan(_planeOfChannel[i] * plane, plane);
            Span<float> target = rows.Slice(i * plane, plane);
            for (int j = 0; j < plane; j++)
                target[j] = source[j] / 255f;
        }
    }

    private static (byte[] Planes, int[] PlaneOfChannel) Share(ReadOnlySpan<byte> frames, int channels, int plane)
    {
        int[] place = new int[frames.Length / plane];
        List<int> kept = []; // Where in the frames each picture stands first.
        for (int i = 0; i < place.Length; i++)
        {
            place[i] = kept.Count;
            foreach (int recent in place.AsSpan(Math.Max(0, i - channels), Math.Min(i, channels)))
            {
                if (!frames.Slice(i * plane, plane).SequenceEqual(frames.Slice(kept[recent] * plane, plane)))
                    continue;
                place[i] = recent;
                break;
            }

            if (place[i] == kept.Count)
                kept.Add(i);
        }

        byte[] planes = new byte[kept.Count * plane];
        for (int i = 0; i < kept.Count; i++)
            frames.Slice(kept[i] * plane, plane).CopyTo(planes.AsSpan(i * plane));
        return (planes, place);
    }
}
