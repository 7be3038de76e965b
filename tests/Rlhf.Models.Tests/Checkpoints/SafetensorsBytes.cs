using System.Buffers.Binary;
using System.Text;

namespace Rlhf.Models.Tests.Checkpoints;

/// <summary>Files of the format written by hand, so that the reader is not tested against our own writer.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Make(string json, params byte[] data)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        byte[] file = new byte[8 + header.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        data.CopyTo(file, 8 + header.Length);
        return file;
    }

    /// <summary>Two tensors: a = F32 [2] {1, -2}, b = I64 [] 7; 16 bytes of data.</summary>
    public static byte[] Small { get; } = Make(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}""",
        [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 7, 0, 0, 0, 0, 0, 0, 0]);
}
