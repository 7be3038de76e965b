using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>
/// A segment as the page draws it: two little-endian int32, frames and numbers a frame, then the frames: poses as f32, or the newest
/// picture of each observation as grey bytes.
/// </summary>
internal static class ClipWriter
{
    private const int HeaderBytes = 8;

    public static byte[] Write(Segment segment) => segment.IsPixels ? WriteFrames(segment) : WritePoses(segment);

    private static byte[] WritePoses(Segment segment)
    {
        if (segment.Poses.Length == 0)
            throw Problem.NotFound($"Segment {segment.Id} has no poses, so that there is nothing to draw.");
        byte[] clip = Header(segment.Length, segment.Poses.Length / segment.Length, sizeof(float));
        MemoryMarshal.AsBytes(segment.Poses.AsSpan()).CopyTo(clip.AsSpan(HeaderBytes));
        return clip;
    }

    private static byte[] WriteFrames(Segment segment)
    {
        byte[] frames = segment.NewestFrames(), clip = Header(segment.Length, frames.Length / segment.Length, sizeof(byte));
        frames.CopyTo(clip, HeaderBytes);
        return clip;
    }

    private static byte[] Header(int frames, int values, int size)
    {
        byte[] clip = new byte[HeaderBytes + (frames * values * size)];
        BinaryPrimitives.WriteInt32LittleEndian(clip, frames);
        BinaryPrimitives.WriteInt32LittleEndian(clip.AsSpan(4), values);
        return clip;
    }
}
