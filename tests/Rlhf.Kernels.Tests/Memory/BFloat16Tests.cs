using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Tests.Memory;

public sealed class BFloat16Tests
{
    [Test]
    public void Widening_IsExact_AndRoundTrips_ForEveryPattern()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            var value = new BFloat16((ushort)bits);
            float wide = (float)value;
            if (float.IsNaN(wide))
            {
                Assert.That((float)(BFloat16)wide, Is.NaN);
            }
            else
            {
                Assert.That(((BFloat16)wide).Bits, Is.EqualTo(value.Bits));
            }
        }
    }

    [TestCase(1f + (1f / 256), 1f, Description = "a tie goes to the even pattern, down")]
    [TestCase(1f + (3f / 256), 1f + (4f / 256), Description = "a tie goes to the even pattern, up")]
    [TestCase(1.0039064f, 1.0078125f, Description = "just above a tie goes up")]
    [TestCase(3.4e38f, float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity, float.NegativeInfinity)]
    [TestCase(-0f, -0f)]
    public void Rounding_IsToTheNearest(float value, float expected) =>
        Assert.That(BitConverter.SingleToInt32Bits((float)(BFloat16)value), Is.EqualTo(BitConverter.SingleToInt32Bits(expected)));

    [Test]
    public void NaN_StaysNaN_WhateverItsPayload() => Assert.That((float)(BFloat16)BitConverter.Int32BitsToSingle(0x7F800001), Is.NaN);

    [Test]
    public void Text_IsThatOfTheNumber() => Assert.That(((BFloat16)1.5f).ToString(), Is.EqualTo("1.5"));
}
