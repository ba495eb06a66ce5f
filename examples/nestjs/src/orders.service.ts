import { Injectable } from '@nestjs/common';
import { Sidecar } from 'pillion/nestjs';

/** Asks the other service, by the route that envoy.json has for it. */
@Injectable()
export class OrdersService {
  constructor(private readonly sidecar: Sidecar) {}

  async itemsOf(cart: string): Promise<unknown> {
    const response = await this.sidecar.fetch(`http://orders/carts/${cart}`);
    return await response.json();
  }
}
